#include "net/entrance.hpp"

#include "net/listener.hpp"

#include <poll.h>

namespace sotto::net {

namespace {

constexpr milliseconds out_of_descriptors{100};

/// The connection was given up by its client before we took it: the next may be good (accept(2)).
bool concerns_one_connection(const error_code& error)
{
    using namespace boost::system::errc;
    return error == connection_aborted || error == protocol_error || error == interrupted || error == network_down ||
           error == host_unreachable || error == network_unreachable;
}

bool somebody_waits(Acceptor& acceptor)
{
    pollfd door{.fd = acceptor.native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&door, 1, 0) == 1;
}

} // namespace

Entrance::Entrance(asio::io_context& context, Bursts& bursts, Admission& admission, Take take, MakeRoom make_room,
                   Fault fault)
    : context_{context}, bursts_{bursts}, admission_{admission}, take_{std::move(take)},
      make_room_{std::move(make_room)}, fault_{std::move(fault)}
{
}

Endpoint Entrance::adopt(int descriptor, Transport transport)
{
    return doors_.emplace_back(Door{net::adopt(context_, descriptor), transport}).acceptor.local_endpoint();
}

void Entrance::open()
{
    open_ = true;
    for (auto& door : doors_) await(door);
}

void Entrance::close()
{
    open_ = false;
    paused_until_ = TimePoint::max();
    error_code ignored;
    for (auto& door : doors_) door.acceptor.close(ignored);
}

void Entrance::await(Door& door)
{
    if (door.awaited) return;
    door.awaited = true;
    door.acceptor.async_wait(Acceptor::wait_read, [this, &door](error_code error) {
        door.awaited = false;
        if (error || !open_) return;
        bursts_.begin();
        accept(door);
        bursts_.end();
    });
}

void Entrance::accept(Door& door)
{
    if (paused_until_ != TimePoint::max()) return; // on_deadline waits for all of them again
    for (int i = 0; i < accepts_per_burst; ++i) {
        if (const auto wait = claim(door); wait > milliseconds{0}) return pause(wait);
        Socket socket{context_};
        Endpoint from;
        error_code error;
        door.acceptor.accept(socket, from, error);
        if (!error) {
            if (!take_(std::move(socket), from, door.transport)) admission_.unclaim();
            continue;
        }
        admission_.unclaim();
        if (error == asio::error::would_block || error == asio::error::try_again) break;
        if (concerns_one_connection(error)) continue;
        report(door, error); // EMFILE, ENFILE, ENOBUFS, ENOMEM
        return pause(out_of_descriptors);
    }
    await(door);
}

/// Whoever opens connections and says nothing must not keep those out who have something to say.
milliseconds Entrance::claim(Door& door)
{
    const auto wait = admission_.claim();
    const bool crowded = wait > milliseconds{0} && admission_.handshakes_full() && somebody_waits(door.acceptor);
    return crowded && make_room_() ? admission_.claim() : wait;
}

void Entrance::report(const Door& door, const error_code& error)
{
    const auto now = std::chrono::time_point_cast<milliseconds>(Clock::now());
    if (now < next_report_ || !fault_) return;
    next_report_ = now + seconds{60};
    error_code ignored;
    fault_(door.acceptor.local_endpoint(ignored), error);
}

void Entrance::pause(milliseconds span)
{
    paused_until_ = std::chrono::time_point_cast<milliseconds>(Clock::now()) + span;
}

void Entrance::on_deadline(TimePoint now)
{
    if (paused_until_ > now) return;
    paused_until_ = TimePoint::max();
    for (auto& door : doors_) await(door);
}

} // namespace sotto::net
