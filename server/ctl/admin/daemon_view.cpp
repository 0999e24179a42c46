#include "ctl/admin/daemon_view.hpp"

#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/arguments.hpp"

#include <array>
#include <charconv>
#include <optional>

namespace sotto::ctl {
namespace {

constexpr std::size_t hex_digits = 16;

std::string text_of(BindingId id)
{
    std::array<char, hex_digits> digits{};
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), id.value, 16).ptr;
    const std::string short_form{digits.data(), end};
    return std::string(hex_digits - short_form.size(), '0') + short_form;
}

std::optional<BindingId> binding_from(std::string_view text)
{
    BindingId id;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), id.value, 16);
    if (text.size() != hex_digits || wrong != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return id;
}

Reply list_bindings(const DaemonView& daemon, store::AccountStore& accounts, const std::string& address)
{
    const auto account = served_account(accounts, address);
    if (!account) return error_of(account.error(), address);
    constexpr double whole = 1000.0;
    json::array rows;
    for (const auto& binding : daemon.bindings((*account)->id)) {
        json::object row{{"binding", text_of(binding.id)},
                         {"expires_in", binding.expires_in.count()},
                         {"transport", transport_of(binding)},
                         {"q", nullptr}};
        if (binding.transport) row["q"] = binding.q / whole;
        rows.push_back(std::move(row));
    }
    return json::object{{"bindings", std::move(rows)}};
}

Reply remove_binding(const DaemonView& daemon, store::AccountStore& accounts, const std::string& address,
                     const std::string& binding)
{
    const auto account = served_account(accounts, address);
    if (!account) return error_of(account.error(), address);
    const auto id = binding_from(binding);
    if (!id || !daemon.remove_binding((*account)->id, *id))
        return CommandError{"not_found", address + " has no such binding: `sotto binding list` shows them"};
    return json::object{{"removed", binding}};
}

} // namespace

json::value transport_of(const BindingView& binding)
{
    if (!binding.transport) return nullptr;
    return *binding.transport == Transport::tls ? "tls" : "wss";
}

Handlers daemon_commands(const DaemonView& daemon, store::AccountStore& accounts)
{
    Handlers handlers;
    handlers["binding list"] = with_arguments([daemon, &accounts](const Arguments& arguments, const PeerCredentials&) {
        return list_bindings(daemon, accounts, arguments.text("address"));
    });
    handlers["binding remove"] =
        with_arguments([daemon, &accounts](const Arguments& arguments, const PeerCredentials&) {
            return remove_binding(daemon, accounts, arguments.text("address"), arguments.text("binding"));
        });
    handlers["status"] = [daemon](const json::object&, const PeerCredentials&) -> Reply { return daemon.status(); };
    handlers["reload"] = [daemon](const json::object&, const PeerCredentials&) { return daemon.reload(); };
    handlers["config reload"] = handlers["reload"];
    handlers["config diff"] = [daemon](const json::object&, const PeerCredentials&) { return daemon.diff(); };
    handlers["drain"] = [daemon](const json::object&, const PeerCredentials&) -> Reply {
        daemon.drain();
        return json::object{{"draining", true}};
    };
    return handlers;
}

} // namespace sotto::ctl
