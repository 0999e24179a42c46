// Any bytes as a request line on the admin socket, with the desk and every account command behind it.
// - there is one answer line, and a client of the same version understands it;
// - neither an answer nor the audit log repeats a password;
// - any bytes as an answer give a result, which can be sent on, or an error with a code and a sentence.
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/desk.hpp"
#include "ctl/admin/protocol.hpp"
#include "fuzz/require.hpp"

#include <cstdint>
#include <functional>
#include <memory>

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
    void find(AccountId, Done<store::AccountRecord> done) override { show("a", std::move(done)); }
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

/// Looks at what is noted. It must not hold `secret`, where there is one.
class Notes final : public audit::AuditLog {
public:
    explicit Notes(std::string_view secret = {}) : secret_{secret} {}

    audit::Written begin(const audit::Action& action) override
    {
        for (const auto& text : {action.what, action.purpose, action.reason, action.subject, action.scope})
            look_at(text);
        require(!action.what.empty() && !action.purpose.empty(), "an entry says what and for what purpose");
        return audit::Receipt{1};
    }
    void end(const audit::Receipt&, std::string_view result) override { look_at(result); }
    audit::Written record(const audit::Action& action, std::string_view) override { return begin(action); }
    bool forget(std::string_view) override { return true; }

private:
    void look_at(std::string_view text) const
    {
        require(secret_.empty() || text.find(secret_) == std::string_view::npos, "the audit log repeats no password");
    }

    std::string_view secret_;
};

ctl::Perform desk_with(audit::AuditLog& notes)
{
    static Store store;
    auto handlers = ctl::account_commands(store);
    handlers.merge(ctl::blocking_commands(store, [](AccountId) { return std::optional{KeyedHash{1, 2}}; }));
    return [desk = std::make_shared<ctl::Desk>(
                std::move(handlers), [](const ctl::PeerCredentials&) { return ctl::Role::everybody; }, std::identity{},
                notes)](std::string_view command, const ctl::json::object& arguments,
                        const ctl::PeerCredentials& peer) { return desk->perform(command, arguments, peer); };
}

/// Whatever the answer is.
void check_answer(std::string_view line)
{
    const auto read = ctl::read_answer(line);
    if (const auto* error = std::get_if<ctl::CommandError>(&read))
        return require(!error->code.empty() && !error->sentence.empty(), "an error has a code and a sentence");
    const auto& result = std::get<ctl::json::object>(read);
    const auto echo = [](std::string_view, const ctl::json::object& arguments, const ctl::PeerCredentials&) {
        return ctl::Reply{arguments};
    };
    const auto again = ctl::read_answer(ctl::answer(ctl::request_line("echo", result), {}, echo));
    const auto* arrived = std::get_if<ctl::json::object>(&again); // its fractions may be another last digit's
    require(arrived != nullptr && arrived->size() == result.size(), "a result can be sent on");
}

/// Whatever the line is.
void ask(std::string_view line)
{
    static Notes notes;
    static const auto perform = desk_with(notes);
    const auto answered = ctl::answer(line, {}, perform);
    require(answered.ends_with('\n') && answered.find('\n') == answered.size() - 1, "there is one answer line");
    check_answer(answered);
    const auto reply = ctl::read_answer(answered);
    if (const auto* error = std::get_if<ctl::CommandError>(&reply))
        require(error->code != "internal", "no request breaks a command");
}

/// Whatever the password is. Only here is the secret nothing else than a password: a line of the fuzzer's may hold it
/// as an address or a reason, because it learns the words that it is compared with.
void ask_with_password(std::string_view more, std::size_t address_length)
{
    static constexpr std::string_view secret = "zqSecretzq";
    static Notes notes{secret};
    static const auto perform = desk_with(notes);
    const auto password = std::string{secret} + std::string{more};
    const auto address = std::string(address_length, 'a') + "@example.org";
    const ctl::json::object one{{"address", address}, {"password", password}};
    const ctl::json::object many{
        {"rows", ctl::json::array{ctl::json::array{address, password}, ctl::json::array{"b", password}}}};
    for (const auto& line :
         {ctl::request_line("account add", one), ctl::request_line("account password", one),
          ctl::request_line("account import", many), ctl::request_line("account show", one) /* takes no password */})
        for (const auto length : {line.size(), line.size() / 2})
            require(ctl::answer(line.substr(0, length), {}, perform).find(secret) == std::string::npos,
                    "no answer repeats a password");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view line{reinterpret_cast<const char*>(data), size};
    ask(line);
    check_answer(line);
    ask_with_password(line, size % 7);
    return 0;
}
