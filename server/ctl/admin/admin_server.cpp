#include "ctl/admin/admin_server.hpp"

#include "ctl/admin/socket_rights.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <chrono>
#include <openssl/crypto.h>
#include <set>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sotto::ctl {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Local = asio::local::stream_protocol;

PeerCredentials credentials_of(Local::socket& socket)
{
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &credentials, &length) != 0)
        throw std::system_error{errno, std::generic_category(), "SO_PEERCRED"};
    PeerCredentials peer{credentials.uid, credentials.gid, credentials.pid};
    constexpr std::size_t most_groups = 65'536; // NGROUPS_MAX of Linux
    length = 0;
    ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERGROUPS, nullptr, &length); // says how much room it needs
    peer.groups.resize(std::min<std::size_t>(length / sizeof(gid_t), most_groups));
    length = static_cast<socklen_t>(peer.groups.size() * sizeof(gid_t));
    if (length > 0 && ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERGROUPS, peer.groups.data(), &length) != 0)
        throw std::system_error{errno, std::generic_category(), "SO_PEERGROUPS"};
    return peer;
}

/// True when the folder was made here.
bool require_safe_folder(const std::filesystem::path& folder)
{
    constexpr mode_t folder_mode = 0750;
    if (::mkdir(folder.c_str(), folder_mode) == 0) return true;
    struct stat state {};
    if (::stat(folder.c_str(), &state) != 0)
        throw SocketRefused{"admin.socket: the folder " + folder.string() +
                            " cannot be made: " + std::generic_category().message(errno)};
    if ((state.st_mode & S_IWOTH) != 0 && (state.st_mode & S_ISVTX) == 0)
        throw SocketRefused{"admin.socket: everybody may write into " + folder.string() +
                            " and could replace the socket; take that right away (chmod o-w)"};
    return false;
}

void require_free(asio::io_context& io, const std::filesystem::path& path)
{
    struct stat state {};
    if (::lstat(path.c_str(), &state) != 0) return;
    if (!S_ISSOCK(state.st_mode))
        throw SocketRefused{"admin.socket: " + path.string() + " exists and is no socket; remove it or name another"};
    Local::socket probe{io};
    error_code nobody;
    probe.connect(Local::endpoint{path.string()}, nobody);
    if (!nobody)
        throw SocketRefused{"admin.socket: another process answers at " + path.string() +
                            "; end it or name another path"};
}

} // namespace

/// Accepts clients and knows them, so that all end together. Sessions hold it; it is gone with the last of them.
class AdminServer::Listener : public std::enable_shared_from_this<Listener> {
public:
    Listener(asio::io_context& io, const std::filesystem::path& path, Perform perform, const std::vector<gid_t>& groups,
             std::chrono::milliseconds longest_idle)
        : acceptor_{io}, later_{io}, path_{path}, perform_{std::move(perform)}, longest_idle_{longest_idle}
    {
        if (path.native().size() + sizeof ".new" > sizeof(sockaddr_un::sun_path))
            throw SocketRefused{"admin.socket: the path is too long for a socket (at most 100 bytes)"};
        const bool own_folder = require_safe_folder(path.parent_path());
        require_free(io, path);
        // Made under another name: nobody can connect before the mode is right, and the old socket goes in the same
        // step.
        const auto fresh = path.string() + ".new";
        ::unlink(fresh.c_str());
        constexpr mode_t socket_mode = 0660;
        try {
            acceptor_.open();
            acceptor_.bind(Local::endpoint{fresh});
            if (::chmod(fresh.c_str(), socket_mode) != 0) throw std::system_error{errno, std::generic_category()};
            if (!groups.empty())
                admitted_ =
                    admit_groups(fresh, groups, "rw") && (!own_folder || admit_groups(path.parent_path(), groups, "x"));
            acceptor_.listen();
            std::filesystem::rename(fresh, path);
        } catch (const std::system_error& refused) {
            ::unlink(fresh.c_str());
            throw SocketRefused{"admin.socket: " + path.string() + " cannot be made: " + refused.code().message()};
        }
        ::lstat(path.c_str(), &made_);
    }

    void accept();
    void stop();
    [[nodiscard]] bool groups_admitted() const { return admitted_; }
    [[nodiscard]] const Perform& perform() const { return perform_; }
    [[nodiscard]] std::chrono::milliseconds longest_idle() const { return longest_idle_; }

private:
    class Session;
    void accept_later();
    void ended(const std::shared_ptr<Session>& session)
    {
        sessions_.erase(session);
        if (waiting_for_room_) accept();
    }

    Local::acceptor acceptor_;
    asio::steady_timer later_;
    std::filesystem::path path_;
    struct stat made_ {};
    Perform perform_;
    std::chrono::milliseconds longest_idle_;
    std::set<std::shared_ptr<Session>> sessions_;
    bool waiting_for_room_{false};
    bool admitted_{true};
};

/// One client: reads a line, answers it, and so on.
class AdminServer::Listener::Session : public std::enable_shared_from_this<Session> {
public:
    Session(Local::socket socket, std::shared_ptr<Listener> listener)
        : socket_{std::move(socket)}, idle_{socket_.get_executor()}, peer_{credentials_of(socket_)}, listener_{
                                                                                                         std::move(
                                                                                                             listener)}
    {
    }

    void read()
    {
        wait_for_client();
        asio::async_read_until(socket_, asio::dynamic_buffer(received_, longest_request), '\n',
                               [self = shared_from_this()](error_code failed, std::size_t length) {
                                   if (failed == asio::error::not_found) return self->refuse_length();
                                   if (failed) return self->end();
                                   self->reply(length);
                               });
    }

    void close()
    {
        error_code ignored;
        idle_.cancel();
        socket_.close(ignored);
    }

private:
    void wait_for_client()
    {
        idle_.expires_after(listener_->longest_idle());
        idle_.async_wait([self = shared_from_this()](error_code stopped) {
            if (!stopped) self->close();
        });
    }

    void reply(std::size_t length)
    {
        idle_.cancel(); // the client waits for us
        answer_ = answer(std::string_view{received_}.substr(0, length - 1), peer_, listener_->perform());
        OPENSSL_cleanse(received_.data(), length); // it may have held a password
        received_.erase(0, length);
        write(true);
    }

    void refuse_length()
    {
        answer_ = "{\"v\":1,\"error\":{\"code\":\"protocol\",\"sentence\":\"the request is too long\"}}\n";
        write(false);
    }

    void write(bool go_on)
    {
        wait_for_client(); // who does not take its answer must not keep a place from others
        asio::async_write(socket_, asio::buffer(answer_),
                          [self = shared_from_this(), go_on](error_code failed, std::size_t) {
                              if (failed || !go_on) return self->end();
                              self->read();
                          });
    }

    void end()
    {
        close();
        listener_->ended(shared_from_this());
    }

    Local::socket socket_;
    asio::steady_timer idle_;
    PeerCredentials peer_;
    std::shared_ptr<Listener> listener_;
    std::string received_;
    std::string answer_;
};

void AdminServer::Listener::accept()
{
    waiting_for_room_ = sessions_.size() >= most_clients;
    if (waiting_for_room_) return;
    acceptor_.async_accept([self = shared_from_this()](error_code failed, Local::socket socket) {
        if (failed == asio::error::operation_aborted) return;
        if (failed) return self->accept_later();
        try {
            auto session = std::make_shared<Session>(std::move(socket), self);
            self->sessions_.insert(session);
            session->read();
        } catch (const std::system_error&) {
            // A client without credentials is gone already.
        }
        self->accept();
    });
}

void AdminServer::Listener::accept_later()
{
    later_.expires_after(
        std::chrono::seconds{1}); // no descriptor is free: trying at once would only burn the processor
    later_.async_wait([self = shared_from_this()](error_code stopped) {
        if (!stopped) self->accept();
    });
}

void AdminServer::Listener::stop()
{
    error_code ignored;
    later_.cancel();
    acceptor_.close(ignored);
    waiting_for_room_ = false;
    for (const auto& session : sessions_) session->close();
    sessions_.clear();
    struct stat now {};
    if (::lstat(path_.c_str(), &now) == 0 && now.st_ino == made_.st_ino && now.st_dev == made_.st_dev)
        ::unlink(path_.c_str());
}

AdminServer::AdminServer(asio::io_context& io, const std::filesystem::path& path, Perform perform,
                         const std::vector<gid_t>& groups, std::chrono::milliseconds longest_idle)
    : listener_{std::make_shared<Listener>(io, path, std::move(perform), groups, longest_idle)}
{
    listener_->accept();
}

bool AdminServer::groups_admitted() const { return listener_->groups_admitted(); }

AdminServer::~AdminServer() { listener_->stop(); }

} // namespace sotto::ctl
