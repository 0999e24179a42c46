// Any bytes as a request line on the admin socket, with the desk and every account command behind it.
// - there is one answer line, and a client of the same version understands it;
// - neither an answer nor the audit log repeats a password;
// - any bytes as an answer give a result or an error with a code.
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/desk.hpp"
#include "ctl/admin/protocol.hpp"
#include "fuzz/require.hpp"

#include <cstdint>

using namespace sotto;
using fuzz::require;

namespace {

/// Answers every question at once: the account that was asked for is there.
class Store final : public store::AccountStore {
public:
    void add(store::NewAccount account, Done<store::AccountRecord> done) override { show(account.address, done); }
    void import(std::vector<store::NewAccount> rows, bool, Done<store::ImportReport> done) override
    {
        store::ImportReport report;
        report.added = rows.size();
        if (rows.size() > 1) report.refused.push_back({rows.size() - 1, store::Failure::bad_password});
        done(report);
    }
    void list(std::string from, std::size_t, Done<store::AccountPage> done) override
    {
        store::AccountPage page;
        page.next = from;
        done(page);
    }
    void show(std::string address, Done<store::AccountRecord> done) override
    {
        if (address.size() % 3 == 0) return done(store::Failure::not_found);
        store::AccountRecord record;
        record.addresses = {{"alice", "example.org"}};
        done(record);
    }
    void set(std::string address, store::AccountChange, Done<store::AccountRecord> done) override
    {
        show(std::move(address), std::move(done));
    }
    void set_password(std::string address, std::string, Done<store::AccountRecord> done) override
    {
        show(std::move(address), std::move(done));
    }
    void remove(std::string address, Done<store::AccountRecord> done) override
    {
        show(std::move(address), std::move(done));
    }
    void block(AccountId, KeyedHash, Done<store::AccountRecord> done) override { show("a", std::move(done)); }
    void unblock(std::string address, Done<store::AccountRecord> done) override
    {
        show(std::move(address), std::move(done));
    }
    void blocked_by(AccountId, Done<std::vector<KeyedHash>> done) override { done(std::vector<KeyedHash>{}); }
    void back_up(std::filesystem::path, Done<Nothing> done) override { done(Nothing{}); }
    void configure(store::AccountPolicy) override {}
    [[nodiscard]] Directory directory() const override { return nullptr; }
};

/// Remembers what was noted last.
class Notes final : public audit::AuditLog {
public:
    audit::Written begin(const audit::Action& action) override
    {
        for (const auto& text : {action.what, action.purpose, action.reason, action.subject, action.scope})
            require(text.find(secret) == std::string::npos, "the audit log repeats no password");
        require(!action.what.empty() && !action.purpose.empty(), "an entry says what and for what purpose");
        return audit::Receipt{1};
    }
    void end(const audit::Receipt&, std::string_view result) override
    {
        require(result.find(secret) == std::string_view::npos, "the audit log repeats no password");
    }
    audit::Written record(const audit::Action& action, std::string_view) override { return begin(action); }
    bool forget(std::string_view) override { return true; }

    static constexpr std::string_view secret = "zqSecretzq";
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static Store store;
    static Notes notes;
    static ctl::Desk desk{
        [] {
            auto all = ctl::account_commands(store);
            all.merge(ctl::blocking_commands(store, [](AccountId) { return std::optional{KeyedHash{1, 2}}; }));
            return all;
        }(),
        [](const ctl::PeerCredentials&) { return ctl::Role::everybody; }, notes};
    const ctl::Perform perform = [](std::string_view command, const ctl::json::object& arguments,
                                    const ctl::PeerCredentials& peer) {
        return desk.perform(command, arguments, peer);
    };
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    const auto answered = ctl::answer(line, {}, perform);
    require(answered.ends_with('\n') && answered.find('\n') == answered.size() - 1, "there is one answer line");
    const auto reply = ctl::read_answer(answered);
    if (const auto* error = std::get_if<ctl::CommandError>(&reply)) {
        require(!error->code.empty() && !error->sentence.empty(), "an error has a code and a sentence");
        require(error->code != "internal", "no request breaks a command");
    }
    const auto read = ctl::read_answer(line);
    if (const auto* result = std::get_if<ctl::json::object>(&read))
        require(ctl::request_line("status", *result).ends_with('\n'), "a result can be sent on");

    // The same bytes as part of a password, whatever becomes of the command.
    const auto password = std::string{Notes::secret} + std::string{line};
    for (const auto* command : {"account add", "account password", "account import", "account show"}) {
        const auto secret = ctl::request_line(
            command,
            {{"address", std::string(size % 7, 'a') + "@example.org"},
             {"password", password},
             {"rows", ctl::json::array{ctl::json::array{"a@example.org", password}, ctl::json::array{"b", password}}}});
        for (const auto& answer :
             {ctl::answer(secret, {}, perform), ctl::answer(secret.substr(0, secret.size() / 2), {}, perform)})
            require(answer.find(Notes::secret) == std::string::npos, "no answer repeats a password");
    }
    return 0;
}
