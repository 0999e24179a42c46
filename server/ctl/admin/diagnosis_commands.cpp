#include "ctl/admin/diagnosis_commands.hpp"

#include "ctl/admin/account_commands.hpp"
#include "store/wait_for.hpp"

#include <optional>

namespace sotto::ctl {
namespace {

constexpr std::int64_t longest_trace = 3600; // seconds
constexpr std::size_t accounts_per_page = 1000;

Reply start_trace(const DiagnosisView& daemon, store::AccountStore& accounts, const json::object& arguments)
{
    const auto address = daemon.canonical(std::string{arguments.at("account").as_string()});
    const auto time = arguments.at("for").as_int64();
    if (time < 1 || time > longest_trace) return CommandError{std::string{usage_code}, "a trace runs for 1s to 1h"};
    const auto account = served_account(accounts, address);
    if (!account) return error_of(account.error(), address);
    return daemon.start_trace((*account)->id, address, seconds{time});
}

Reply explain(const DiagnosisView& daemon, store::AccountStore& accounts, const std::string& pseudonym)
{
    for (std::string from;;) {
        auto page = store::wait_for<store::AccountPage>(
            [&](auto done) { accounts.list(std::move(from), accounts_per_page, std::move(done)); });
        if (!page) return error_of(page.error(), "the list");
        for (const auto& account : page->accounts)
            for (const auto& address : account.addresses)
                if (daemon.pseudonym(address.text()) == pseudonym) return json::object{{"address", address.text()}};
        from = page->next;
        if (from.empty()) break;
    }
    return CommandError{"not_found",
                        "no account has this pseudonym today: it is of another day, or of somebody who is no "
                        "subscriber here; neither can be found out"};
}

} // namespace

Handlers diagnosis_commands(const DiagnosisView& daemon, store::AccountStore& accounts)
{
    Handlers handlers;
    handlers["trace start"] = [daemon, &accounts](const json::object& arguments, const PeerCredentials&) {
        return start_trace(daemon, accounts, arguments);
    };
    handlers["trace stop"] = [daemon](const json::object&, const PeerCredentials&) { return daemon.stop_trace(); };
    handlers["log explain"] = [daemon, &accounts](const json::object& arguments, const PeerCredentials&) {
        return explain(daemon, accounts, std::string{arguments.at("pseudonym").as_string()});
    };
    return handlers;
}

} // namespace sotto::ctl
