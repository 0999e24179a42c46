#include "net/connections.hpp"

#include "net/domain_certificate.hpp"
#include "wire/parse.hpp"

#include <boost/asio/post.hpp>

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace sotto::net {

namespace {

/// Of a handshake that we began. Once it is finished, only the names can have been wrong.
WayFailure failure_of(const SSL* session)
{
    const bool finished = SSL_is_init_finished(session) == 1;
    return finished || SSL_get_verify_result(session) != X509_V_OK ? WayFailure::certificate : WayFailure::handshake;
}

/// A browser is held up for a wrong password; nothing is read from it until it is answered.
bool answers_late(const Connection& connection) { return connection.web && connection.web->keeps_response(); }

} // namespace

Connections::Connections(asio::io_context& context, std::uint16_t worker, ConnectionUser& user,
                         std::shared_ptr<const Identities> identities, std::shared_ptr<const ConnectionLimits> limits)
    : context_{context}, user_{user}, identities_{std::move(identities)}, limits_{std::move(limits)}, table_{worker},
      scratch_{std::make_unique<std::array<char, record_size>>()}
{
}

void Connections::awaits_answer(FlowId id, std::uint16_t worker)
{
    if (auto* connection = table_.find(id); connection != nullptr)
        connection->asked_by |= std::uint64_t{1} << (worker % 64U);
}

void Connections::wait_anew(FlowId id)
{
    auto* connection = table_.find(id);
    if (connection != nullptr && connection->state == State::open && !connection->inside_message())
        wait_for_next_message(*connection);
}

void Connections::close(FlowId id)
{
    if (auto* connection = table_.find(id); connection != nullptr && connection->state == State::open)
        finish(*connection);
}

void Connections::close_all()
{
    table_.for_each([&](Connection& connection) {
        if (connection.state == State::open)
            finish(connection);
        else if (connection.state == State::handshaking)
            kill(connection);
    });
}

std::vector<std::string> Connections::proven_by_us(FlowId id)
{
    const auto* connection = table_.find(id);
    const auto* shown = connection == nullptr ? nullptr : SSL_get_certificate(connection->stream.session());
    return shown == nullptr ? std::vector<std::string>{} : proven_domains(shown);
}

Flow* Connections::find(FlowId id)
{
    auto* connection = table_.find(id);
    return connection != nullptr && connection->takes_messages() ? &connection->flow : nullptr;
}

// ---- reading

void Connections::await_readable(Connection& connection)
{
    if (connection.reading) return;
    connection.reading = true;
    connection.stream.socket().async_wait(Socket::wait_read, [this, id = connection.flow.id](error_code) {
        auto* found = table_.find(id);
        if (found == nullptr) return;
        user_.begin();
        found->reading = false;
        readable(*found);
        user_.end();
    });
}

void Connections::read_on_later(FlowId id)
{
    asio::post(context_, [this, id] {
        auto* found = table_.find(id);
        if (found == nullptr) return;
        user_.begin();
        readable(*found);
        user_.end();
    });
}

void Connections::readable(Connection& connection)
{
    switch (connection.state) {
    case State::handshaking:
        advance_handshake(connection);
        break;
    case State::open:
        read(connection);
        break;
    case State::lingering:
        discard(connection);
        break;
    case State::finishing: // what TLS waits for before it writes
        return mark_dirty(connection);
    case State::dead:
        return;
    }
    if (connection.takes_messages() && connection.unsent() > 0 && !connection.writing) mark_dirty(connection);
}

void Connections::read(Connection& connection)
{
    if (answers_late(connection)) return; // what comes waits in the kernel
    for (int i = 0; i < reads_per_burst; ++i) {
        std::size_t got = 0;
        switch (connection.stream.read(*scratch_, got)) {
        case Progress::done:
            break;
        case Progress::want_read:
            return await_readable(connection);
        case Progress::want_write: // new keys of ours, which the other end has asked for (RFC 8446 4.6.3)
            connection.read_writes = true;
            return await_writable(connection);
        case Progress::closed: // nobody is left to read an answer
            connection.stream.finish();
            return kill(connection);
        case Progress::failed:
            return kill(connection);
        }
        scratch_used_ = std::max(scratch_used_, got);
        take(connection, {scratch_->data(), got});
        if (connection.state != State::open || answers_late(connection)) return;
        if (!connection.stream.pending()) return await_readable(connection);
    }
    read_on_later(connection.flow.id);
}

void Connections::take(Connection& connection, std::string_view bytes)
{
    const bool was_partial = !connection.partial.empty();
    if (was_partial) bytes = connection.partial.append(bytes);
    const auto before = connection.web ? connection.web->under_way() : std::nullopt;
    const auto used = connection.web ? cut_web(connection, bytes) : cut(connection, bytes);
    if (connection.state != State::open) return;
    if (used == bytes.size())
        std::string{}.swap(connection.partial); // assignment would keep the memory
    else if (!was_partial)
        connection.partial = bytes;
    else
        connection.partial.erase(0, used);
    if (answers_late(connection)) return;
    const auto now = connection.web ? connection.web->under_way() : std::nullopt;
    if (!connection.inside_message())
        wait_for_next_message(connection);
    else if (now ? now != before : !was_partial || used > 0) // another message than before
        wait_in(partial_, connection, limits_->message_timeout);
}

std::size_t Connections::cut(Connection& connection, std::string_view bytes)
{
    std::size_t used = 0;
    while (used < bytes.size() && connection.state == State::open) {
        const auto rest = bytes.substr(used);
        const auto frame = connection.framer.next(rest);
        switch (frame.kind) {
        case wire::FrameKind::need_more:
            return used;
        case wire::FrameKind::crlf:
            break;
        case wire::FrameKind::ping:
            answer_ping(connection);
            break;
        case wire::FrameKind::message:
            if (auto message = wire::parse(rest, frame)) {
                connection.unanswerable = 0;
                deliver(connection, std::move(message));
            } else if (!wire::is_response(rest)) {
                pass_over(connection, rest);
            }
            break;
        case wire::FrameKind::refuse:
            ++counters_.unframeable;
            deliver(connection, wire::parse(rest, frame));
            if (connection.state == State::open) finish(connection);
            break;
        case wire::FrameKind::broken:
            ++counters_.unframeable;
            finish(connection);
            break;
        }
        used += frame.size;
    }
    return used;
}

void Connections::deliver(Connection& connection, MessagePtr message)
{
    if (!message) return; // nothing that could be answered
    auto serve = [&](Flow& flow) { user_.received(flow, std::move(message)); };
    guarded(connection, serve);
}

/// Calls of others share the connection, and where the next message begins is known.
void Connections::pass_over(Connection& connection, std::string_view message)
{
    constexpr std::uint8_t most_in_a_row = 8;
    if (!wire::is_request(message) || ++connection.unanswerable > most_in_a_row) finish(connection);
}

void Connections::answer_ping(Connection& connection)
{
    ++counters_.pings;
    std::string pong{"\r\n"};
    send(connection, pong, What::sign_of_life);
}

void Connections::discard(Connection& connection)
{
    for (int i = 0; i < reads_per_burst; ++i) {
        const auto got =
            ::recv(connection.stream.socket().native_handle(), scratch_->data(), scratch_->size(), MSG_DONTWAIT);
        if (got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR)) return kill(connection);
        if (got < 0) break;
    }
    await_readable(connection);
}

// ---- ending

void Connections::finish(Connection& connection)
{
    if (connection.web)
        if (auto goodbye = connection.web->goodbye(); !goodbye.empty() && !queue(connection, goodbye)) return;
    connection.state = State::finishing;
    connection.WaitHook::unlink(); // from now on only the write deadline counts
    std::string{}.swap(connection.partial);
    retire(connection);
    mark_dirty(connection);
}

void Connections::linger(Connection& connection)
{
    // Closing at once would answer what still arrives with a reset, and that could destroy our last bytes on their way.
    connection.stream.finish();
    connection.state = State::lingering;
    wait_in(lingering_, connection, limits_->linger_timeout);
    waits_anew_ = true;
    await_readable(connection);
}

void Connections::kill(Connection& connection)
{
    if (connection.state == State::dead) return;
    const bool unfinished = connection.state == State::handshaking;
    if (unfinished && connection.expected.empty()) user_.handshake_over(connection.stream.greeted());
    const auto failure = failure_of(connection.stream.session());
    connection.state = State::dead;
    connection.WaitHook::unlink();
    connection.WriteHook::unlink();
    error_code ignored;
    connection.stream.socket().close(ignored);
    retire(connection);
    if (unfinished && !connection.expected.empty()) user_.dialled(connection.flow.id, failure);
}

void Connections::retire(Connection& connection) { retired_.push_back(connection.flow.id); }

bool Connections::settle()
{
    waits_anew_ = false;
    while (!dirty_.empty() || !retired_.empty()) {
        for (std::size_t i = 0; i < dirty_.size(); ++i) {
            auto* connection = table_.find(dirty_[i]);
            if (connection == nullptr) continue;
            connection->dirty = false;
            if (connection->takes_messages() && !connection->writing) flush(*connection);
        }
        dirty_.clear();
        for (std::size_t i = 0; i < retired_.size(); ++i) {
            auto* connection = table_.find(retired_[i]);
            if (connection == nullptr) continue;
            if (connection->known) user_.ended(connection->flow, connection->asked_by);
            connection->known = false;
            if (connection->state != State::dead) continue;
            const auto source = connection->flow.source;
            const bool accepted = connection->expected.empty();
            table_.remove(retired_[i]);
            if (accepted) user_.left(source);
        }
        waits_anew_ = waits_anew_ || !retired_.empty();
        retired_.clear();
    }
    return waits_anew_;
}

void Connections::wipe()
{
    ::explicit_bzero(scratch_->data(), scratch_used_);
    scratch_used_ = 0;
}

// ---- time

void Connections::wait_in(WaitLists& lists, Connection& connection, seconds span) { lists.add(connection, now_, span); }

void Connections::wait_for_next_message(Connection& connection)
{
    if (connection.web && connection.flow.authenticated()) // Sotto pings (RFC 6455 5.5.2)
        wait_in(quiet_, connection, limits_->ping_interval);
    else if (connection.flow.keep_alive > seconds{0}) // twice: the sign of life may come late (RFC 5626 5.4)
        wait_in(kept_alive_, connection, 2 * connection.flow.keep_alive);
    else if (connection.flow.authenticated() || connection.flow.foreign())
        wait_in(idle_, connection, limits_->idle_timeout);
    else
        wait_in(strangers_, connection, limits_->stranger_timeout);
}

TimePoint Connections::next_deadline() const
{
    auto next = TimePoint::max();
    for (const auto* lists :
         {&handshaking_, &strangers_, &idle_, &kept_alive_, &quiet_, &partial_, &late_, &lingering_})
        next = std::min(next, lists->next_deadline());
    if (!blocked_.empty()) next = std::min(next, blocked_.front().write_until);
    return next;
}

void Connections::on_deadline(TimePoint now)
{
    handshaking_.overdue(now, [&](Connection& connection) {
        ++counters_.handshake_timeouts;
        kill(connection);
    });
    for (auto* lists : {&strangers_, &idle_, &kept_alive_})
        lists->overdue(now, [&](Connection& connection) {
            ++counters_.idle_timeouts;
            finish(connection);
        });
    quiet_.overdue(now, [&](Connection& connection) { ask_whether_there(connection); });
    partial_.overdue(now, [&](Connection& connection) {
        ++counters_.slow_messages;
        finish(connection);
    });
    late_.overdue(now, [&](Connection& connection) { answer_late(connection); });
    lingering_.overdue(now, [&](Connection& connection) { kill(connection); });
    while (!blocked_.empty() && blocked_.front().write_until <= now) {
        ++counters_.slow_readers;
        kill(blocked_.front());
    }
}

ConnectionCounters Connections::counters() const
{
    auto counters = counters_;
    counters.open = table_.size();
    return counters;
}

} // namespace sotto::net
