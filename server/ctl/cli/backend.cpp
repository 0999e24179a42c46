#include "ctl/cli/backend.hpp"

#include "audit/audit_key.hpp"
#include "audit/file_audit_log.hpp"
#include "audit/time_text.hpp"
#include "core/retention/timekeeper.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/desk.hpp"
#include "ctl/admin/ledger_commands.hpp"
#include "ctl/cli/terminal.hpp"
#include "ctl/commands/command.hpp"
#include "log/audit_events.hpp"
#include "log/log.hpp"
#include "os/clocks.hpp"
#include "store/audit_head.hpp"
#include "store/ledger/key_store.hpp"
#include "store/ledger/master_key.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/sqlite_ledger.hpp"
#include "store/state_lock.hpp"
#include "store/store_error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <chrono>
#include <cstdio>
#include <openssl/crypto.h>
#include <optional>
#include <poll.h>
#include <unistd.h>

namespace sotto::ctl {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

class DaemonBackend final : public Backend {
public:
    explicit DaemonBackend(const std::filesystem::path& path) : daemon_{path.string()}
    {
        socket_.connect(daemon_, state_);
    }

    /// How connecting went.
    [[nodiscard]] error_code state() const { return state_; }

    Reply call(std::string_view command, const json::object& arguments) override
    {
        auto request = request_line(command, arguments);
        error_code failed;
        if (std::chrono::steady_clock::now() - last_ > longest_silence) connect_again(failed);
        if (!failed) asio::write(socket_, asio::buffer(request), failed);
        OPENSSL_cleanse(request.data(), request.size()); // it may have held a password
        std::size_t length = 0;
        if (!failed) wait_for_answer(command);
        if (!failed) length = asio::read_until(socket_, asio::dynamic_buffer(received_), '\n', failed);
        if (failed) throw Unreachable{"the daemon closed the connection before it answered"};
        auto reply = read_answer(std::string_view{received_}.substr(0, length - 1));
        received_.erase(0, length);
        last_ = std::chrono::steady_clock::now();
        return reply;
    }

private:
    /// The daemon closes a connection on which nothing is said for a minute; whoever is asked, or reads a long list,
    /// may take that long.
    static constexpr std::chrono::seconds longest_silence{20};

    void connect_again(error_code& failed)
    {
        received_.clear();
        socket_ = Local::socket{io_};
        socket_.connect(daemon_, failed);
    }

    void wait_for_answer(std::string_view command)
    {
        constexpr int one_second = 1000;
        StillRunning running{command};
        ::pollfd answer{.fd = socket_.native_handle(), .events = POLLIN, .revents = 0};
        while (::poll(&answer, 1, one_second) == 0) running.another_second();
    }

    asio::io_context io_;
    Local::socket socket_{io_};
    const Local::endpoint daemon_;
    error_code state_;
    std::string received_;
    std::chrono::steady_clock::time_point last_{std::chrono::steady_clock::now()};
};

Canonical canonical_in(const config::Settings& settings)
{
    return [policy = account_policy(settings)](const std::string& typed) { return canonical(typed, policy); };
}

/// Where the daemon's log goes to the journal, the heads of the entries that are written here go there too: without
/// them the log could be cut off behind an operator who worked while the daemon was down. A terminal is spared them.
class Journal {
public:
    explicit Journal(const config::Settings& settings)
        : used_{settings.log.target == config::LogTarget::journal && log::there_is_a_journal()}
    {
        if (used_) log::start({.target = log::Target::journal});
    }
    ~Journal() { log::stop(); }
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    void head(const audit::Head& head) const
    {
        if (used_) log::audit_head_is(head.sequence, audit::hex(head.hash));
    }
    void checkpoint(const audit::Head& head, const audit::Signature& signature) const
    {
        if (used_) log::audit_is_signed(head.sequence, audit::hex(head.hash), audit::hex(signature));
    }

private:
    bool used_;
};

class StoreBackend final : public Backend {
public:
    StoreBackend(const config::Settings& settings, store::StateLock lock)
        : settings_{settings}, lock_{std::move(lock)}, accounts_{settings.state_directory,
                                                                 account_policy(settings),
                                                                 {},
                                                                 [](const std::string& sentence) {
                                                                     std::fprintf(stderr, "sotto: %s\n",
                                                                                  sentence.c_str());
                                                                 }},
          journal_{settings}, head_{settings.state_directory}, audit_{audit_options(),
                                                                      audit::audit_key(settings.weaken.audit_key_file),
                                                                      noted(),
                                                                      [this](const audit::Line& line) { see(line); }},
          desk_{handlers(), [](const PeerCredentials&) { return Role::everybody; }, canonical_in(settings_), audit_,
                [this](const std::string& address) { return nearest_address(accounts_, address); }}
    {
    }

    Reply call(std::string_view command, const json::object& arguments) override
    {
        return desk_.perform(command, arguments, {::getuid(), ::getgid(), ::getpid()});
    }

private:
    audit::FileAuditLog::Options audit_options()
    {
        return {.folder = settings_.state_directory / "audit",
                .believed = [this] { return believed(); },
                .on_head =
                    [this](const audit::Head& head) {
                        head_.write({head.sequence, head.hash});
                        journal_.head(head);
                    },
                .on_checkpoint = [this](const audit::Head& head,
                                        const audit::Signature& signature) { journal_.checkpoint(head, signature); }};
    }

    /// What the last process believed of the calendar, so that nothing is sealed under a month that is long over.
    void see(const audit::Line& line)
    {
        if (const auto last = audit::time_from(line.text("believed")))
            time_ = retention::Timekeeper{std::chrono::floor<seconds>(*last)};
    }

    audit::Time believed()
    {
        return time_.observe({.wall = std::chrono::floor<seconds>(std::chrono::system_clock::now()),
                              .running = os::running_since_boot(),
                              .synchronised = os::clock_synchronised()});
    }

    std::vector<audit::Head> noted()
    {
        const auto head = head_.read();
        if (head.sequence == 0) return {};
        return {{head.sequence, head.hash}};
    }

    Handlers handlers()
    {
        auto all = account_commands(accounts_);
        all.merge(audit_commands(audit_, canonical_in(settings_)));
        all["retention plan"] = [this](const json::object& arguments, const PeerCredentials& peer) {
            return plan_retention(arguments, peer);
        };
        return all;
    }

    /// Opens the ledger for it, which takes the master key; what the daemon has left open in it stays open.
    Reply plan_retention(const json::object& arguments, const PeerCredentials& peer)
    {
        std::optional<store::SqliteLedger> ledger;
        if (store::KeyStore::exists(settings_.state_directory / "keys"))
            ledger.emplace(settings_.state_directory, store::master_key(settings_.weaken.master_key_file),
                           store::SqliteLedger::Times{.resumes = true});
        const LedgerView view{.ledger = ledger ? &*ledger : nullptr,
                              .accounts = &accounts_,
                              .state_directory = settings_.state_directory,
                              .policy = [this] { return settings_.retention_policy(); },
                              .now = [] { return std::chrono::floor<seconds>(std::chrono::system_clock::now()); }};
        return ledger_commands(view).at("retention plan")(arguments, peer);
    }

    const config::Settings settings_;
    store::StateLock lock_;
    store::SqliteAccountStore accounts_;
    Journal journal_;
    store::AuditHead head_;
    retention::Timekeeper time_{retention::Time{}};
    audit::FileAuditLog audit_;
    Desk desk_;
};

std::unique_ptr<Backend> open_store(const config::Settings& settings)
{
    const auto directory = settings.state_directory.string();
    try {
        auto lock = store::StateLock::take(settings.state_directory);
        if (!lock)
            throw Unreachable{"another process holds " + directory + "/lock, but no daemon answers at " +
                              settings.admin.socket.string() +
                              ": is it starting, or is another sotto command running?"};
        return std::make_unique<StoreBackend>(settings, *std::move(lock));
    } catch (const audit::NoAuditKey& error) {
        throw Unreachable{std::string{"no daemon runs, and nothing is done without a record of it: "} + error.what()};
    } catch (const store::StoreError& error) {
        throw Unreachable{std::string{"no daemon runs, and the store cannot be opened: "} + error.what() +
                          "; run this as the service's user"};
    }
}

/// "account add|import|..., audit verify"
std::string offline_commands()
{
    std::string all;
    for (const auto& group : groups()) {
        std::string words;
        for (const auto& command : group.commands)
            if (command.place == Place::daemon_or_store)
                words.append(words.empty() ? " " : "|").append(last_word(command));
        if (!words.empty()) all.append(all.empty() ? "" : ", ").append(group.word).append(words);
    }
    return all;
}

} // namespace

std::unique_ptr<Backend> connect(const config::Settings& settings, bool works_offline)
{
    const auto path = settings.admin.socket.string();
    auto daemon = std::make_unique<DaemonBackend>(path);
    const auto state = daemon->state();
    if (!state) return daemon;
    if (state == asio::error::access_denied)
        throw Unreachable{"you may not use " + path + ": run this as a member of the group " +
                          settings.admin.operators + ", " + settings.admin.billing + " or " +
                          settings.admin.privacy_officers + ", as the service's user, or as root"};
    const bool nobody = state == asio::error::connection_refused || state.value() == ENOENT;
    if (!nobody) throw Unreachable{path + " cannot be reached: " + state.message()};
    if (!works_offline)
        throw Unreachable{
            "the daemon is not running: nobody answers at " + path + ", and this command needs it; " +
            offline_commands() +
            " work without it, as the service's user or in sotto-maintenance.service, which has the keys"};
    return open_store(settings);
}

} // namespace sotto::ctl
