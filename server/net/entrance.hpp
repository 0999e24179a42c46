#pragma once
#include "core/types/flow.hpp"
#include "net/admission.hpp"
#include "net/asio.hpp"
#include "net/burst.hpp"

#include <functional>
#include <list>
#include <memory>

namespace sotto::net {

/// One worker's listening sockets. Takes as many connections as the admission permits; the others stay in the kernel's
/// queue, also while the process has no descriptor left. Only on the worker's thread, once that runs.
class Entrance {
public:
    /// Gets the connection with its claim; false when it was not taken, and the claim is given back.
    using Take = std::function<bool(Socket, const Endpoint& from, Transport transport)>;

    /// Ends a handshake in which the client has said nothing yet; false when there is none.
    using MakeRoom = std::function<bool()>;
    /// Hears, at most once a minute, that connections cannot be accepted: most often no descriptor is left.
    using Fault = std::function<void(const Endpoint& at, const error_code& reason)>;

    Entrance(asio::io_context& context, Bursts& bursts, Admission& admission, Take take, MakeRoom make_room,
             Fault fault);

    /// Takes over a listening socket (see net::adopt). Returns the address that it stands on. Throws ListenError.
    Endpoint adopt(int descriptor, Transport transport);
    /// Starts accepting.
    void open();
    void close();

    [[nodiscard]] TimePoint next_deadline() const { return paused_until_; }
    void on_deadline(TimePoint now);

private:
    static constexpr int accepts_per_burst = 16; // then the connections that are there have their turn

    struct Door {
        Acceptor acceptor;
        Transport transport; ///< what is spoken to whoever comes in here
        bool awaited{false};
    };
    void await(Door& door);
    void accept(Door& door);
    milliseconds claim(Door& door);
    void pause(milliseconds span);
    void report(const Door& door, const error_code& error);

    asio::io_context& context_;
    Bursts& bursts_;
    Admission& admission_;
    Take take_;
    MakeRoom make_room_;
    Fault fault_;
    std::list<Door> doors_;
    bool open_{false};
    TimePoint next_report_{};
    TimePoint paused_until_{TimePoint::max()}; ///< max: not paused
};

} // namespace sotto::net
