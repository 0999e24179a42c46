// What is sent over each connection, and whoever does not read it.
#include "net/connections.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net {

namespace {

/// So many full queues, each with one message more, are kept of one burst for one connection before they are offered to
/// it: an account's devices may all be behind one edge, and be sent the longest message at once.
constexpr std::size_t large_bursts = 16;

} // namespace

bool Connections::send(FlowId id, std::string& bytes)
{
    auto* connection = table_.find(id);
    return connection != nullptr && connection->takes_messages() && send(*connection, bytes, What::message);
}

bool Connections::send(Connection& connection, std::string& bytes, What what)
{
    if (!connection.web) return queue(connection, bytes, what);
    if (!connection.web->speaks_sip()) return false;
    auto carried = connection.web->carry(bytes);
    return queue(connection, carried, what);
}

bool Connections::queue(Connection& connection, std::string& bytes, What what)
{
    if (!has_room(connection, bytes.size())) return false;
    connection.pads = what == What::message || (connection.pads && connection.unsent() > 0);
    if (connection.unsent() == 0) {
        connection.outbound = std::move(bytes);
        connection.sent = 0;
    } else {
        connection.outbound.erase(0, connection.sent);
        connection.sent = 0;
        connection.outbound.append(bytes);
    }
    mark_dirty(connection);
    return true;
}

/// Of what waits, only that counts which was added while the other end already held us up: what a burst brings is
/// offered to it no sooner than at the end of the burst, and takes its time to arrive.
bool Connections::has_room(Connection& connection, std::size_t bytes)
{
    const auto longest_message = limits_->message.head + limits_->message.body;
    const auto large_burst = large_bursts * (limits_->send_queue + longest_message);
    if (!connection.held_up() && connection.unsent() + bytes > large_burst) {
        flush(connection);
        if (!connection.takes_messages()) return false;
    }
    if (!connection.held_up()) {
        connection.of_burst += bytes;
        return true;
    }
    if (connection.unsent() - connection.of_burst <= limits_->send_queue) return true; // one message more, however long
    ++counters_.slow_readers;
    kill(connection);
    return false;
}

void Connections::await_writable(Connection& connection)
{
    if (connection.writing) return;
    connection.writing = true;
    connection.stream.socket().async_wait(Socket::wait_write, [this, id = connection.flow.id](error_code) {
        auto* found = table_.find(id);
        if (found == nullptr) return;
        user_.begin();
        found->writing = false;
        if (found->state == State::handshaking) {
            advance_handshake(*found);
        } else {
            if (found->takes_messages()) mark_dirty(*found);
            if (std::exchange(found->read_writes, false)) readable(*found);
        }
        user_.end();
    });
}

void Connections::mark_dirty(Connection& connection)
{
    if (connection.dirty) return;
    connection.dirty = true;
    dirty_.push_back(connection.flow.id);
}

void Connections::wait_to_write(Connection& connection)
{
    if (connection.held_up()) return;
    connection.write_until = now_ + limits_->write_timeout;
    blocked_.push_back(connection);
    waits_anew_ = true;
}

void Connections::flush(Connection& connection)
{
    connection.stream.pads(connection.pads);
    while (connection.unsent() > 0) {
        std::size_t put = 0;
        const auto rest = std::string_view{connection.outbound}.substr(connection.sent, connection.longest_write);
        switch (connection.stream.write(rest, put)) {
        case Progress::done:
            connection.sent += put;
            connection.of_burst -= std::min(put, connection.of_burst);
            break;
        case Progress::want_read: // half a KeyUpdate has come: nothing is written until it is whole (RFC 8446 4.6.3)
            wait_to_write(connection);
            return await_readable(connection);
        case Progress::want_write:
            wait_to_write(connection);
            return await_writable(connection);
        case Progress::closed:
        case Progress::failed:
            return kill(connection);
        }
    }
    std::string{}.swap(connection.outbound);
    connection.sent = 0;
    connection.WriteHook::unlink();
    if (connection.state == State::finishing) linger(connection);
}

} // namespace sotto::net
