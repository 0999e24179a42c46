#pragma once
#include "ctl/admin/protocol.hpp"

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <sys/types.h>
#include <vector>

namespace sotto::ctl {

/// The socket cannot be where it should. `what()` is the sentence for the operator.
class SocketRefused : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Answers the admin protocol on a UNIX socket. `perform` runs for one request at a time on the io_context's thread,
/// which serves nothing else: they may wait. Clients are bounded in number, in the length of a request and in idle
/// time.
class AdminServer {
public:
    static constexpr std::size_t most_clients = 32;

    /// Listens at `path` with mode 0660, and for the members of `groups`; its folder, when missing, is made with mode
    /// 0750. A socket that nobody answers on is replaced. Throws SocketRefused when the path is
    /// taken by something else, the folder may be written by everybody, or the system refuses. A client that says
    /// nothing for `longest_idle`, or does not take its answer in that time, is cut off.
    AdminServer(boost::asio::io_context& io, const std::filesystem::path& path, Perform perform,
                const std::vector<gid_t>& groups = {},
                std::chrono::milliseconds longest_idle = std::chrono::minutes{1});
    /// False when the file system knows no access lists: members of `groups` cannot connect then.
    [[nodiscard]] bool groups_admitted() const;
    /// On the io_context's thread, or when it has stopped. Ends all connections and removes the socket.
    ~AdminServer();

private:
    class Listener;
    std::shared_ptr<Listener> listener_;
};

} // namespace sotto::ctl
