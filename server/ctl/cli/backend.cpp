#include "ctl/cli/backend.hpp"

#include "audit/audit_key.hpp"
#include "ctl/cli/store_backend.hpp"
#include "ctl/cli/terminal.hpp"
#include "ctl/commands/command.hpp"
#include "store/store_error.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <openssl/crypto.h>
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

/// What helps where the store did not open, as far as its place shows it.
std::string remedy_for(const std::filesystem::path& state_directory)
{
    for (const auto& file : {state_directory, state_directory / "lock", state_directory / "accounts.db"}) {
        if (::access(file.c_str(), R_OK | W_OK) == 0) continue;
        if (errno == EROFS) return "; its file system is mounted read-only: mount it for writing";
        if (errno == EACCES || errno == EPERM) return "; run this as the service's user";
    }
    constexpr std::uintmax_t least_room = 1'048'576; // the index of a write-ahead log alone takes 32 KiB
    std::error_code unknown;
    if (std::filesystem::space(state_directory, unknown).available < least_room && !unknown)
        return "; its disk is full: make room";
    return {};
}

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
                          remedy_for(settings.state_directory)};
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
                words.append(words.empty() ? "" : "|").append(last_word(command));
        if (words.empty()) continue;
        all.append(all.empty() ? "" : ", ").append(group.word).append(group.word.empty() ? "" : " ").append(words);
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
