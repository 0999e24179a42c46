// What Connections does with a browser's connection. What is spoken on it is web::Session's business.
#include "net/connections.hpp"

#include "wire/parse.hpp"

namespace sotto::net {

std::size_t Connections::cut_web(Connection& connection, std::string_view bytes)
{
    const auto longest_message = limits_->message.head + limits_->message.body;
    std::size_t used = 0;
    for (bool again = true; again && connection.state == State::open;) {
        auto step = connection.web->next(bytes.substr(used), limits_->web, limits_->message.head, longest_message);
        used += step.size;
        again = step.again;
        if (step.asked) {
            const auto reply = user_.asked(connection.flow, *step.asked);
            step.reply = connection.web->answer(reply);
            step.asked.reset();
            if (reply.delay > seconds{0}) {
                connection.web->keep(std::move(step));
                wait_in(late_, connection, reply.delay);
                break;
            }
        }
        const auto what = step.sign_of_life ? What::sign_of_life : What::message;
        if (!step.reply.empty() && !queue(connection, step.reply, what)) break;
        if (step.message) take_whole(connection, *step.message);
        if (step.end && connection.state == State::open) finish(connection);
    }
    return used;
}

/// Its time has come; then for what has arrived meanwhile.
void Connections::answer_late(Connection& connection)
{
    auto step = connection.web->release();
    if (!queue(connection, step.reply)) return;
    if (step.end) return finish(connection);
    if (connection.partial.empty()) {
        wait_for_next_message(connection);
    } else {
        wait_in(partial_, connection, limits_->message_timeout);
        take(connection, {});
    }
    if (connection.state == State::open) read_on_later(connection.flow.id);
}

void Connections::take_whole(Connection& connection, std::string_view message)
{
    const auto frame = wire::frame_whole(message, limits_->message);
    switch (frame.kind) {
    case wire::FrameKind::crlf:
        break;
    case wire::FrameKind::ping:
        answer_ping(connection);
        break;
    case wire::FrameKind::message:
    case wire::FrameKind::refuse: // what follows is framed all the same
        if (auto parsed = wire::parse(message, frame)) {
            deliver(connection, std::move(parsed));
            break;
        }
        if (wire::is_response(message)) break;
        [[fallthrough]];
    case wire::FrameKind::need_more:
    case wire::FrameKind::broken:
        ++counters_.unframeable;
        if (auto goodbye = connection.web->goodbye(web::CloseCode::not_sip); queue(connection, goodbye))
            finish(connection);
        break;
    }
}

/// Browsers cannot be told to ping (RFC 7118 6), so we do. One that has not answered by the next time is gone.
void Connections::ask_whether_there(Connection& connection)
{
    auto ping = connection.web->ping();
    if (!ping) {
        ++counters_.idle_timeouts;
        return finish(connection);
    }
    if (queue(connection, *ping, What::sign_of_life)) wait_in(quiet_, connection, limits_->ping_interval);
}

} // namespace sotto::net
