#include "net/web/session.hpp"

#include "core/types/ascii.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net::web {
namespace {

constexpr std::string_view end_of_head = "\r\n\r\n";

/// Nothing that a browser gets here is for anybody else, or for later.
constexpr std::pair<std::string_view, std::string_view> not_stored{"Cache-Control", "no-store"};

Step refused(std::size_t size, int status, std::string_view field = {}, std::string_view value = {})
{
    auto reply = http_reply(status, {{"Connection", "close"}, {field, value}});
    return {.size = size, .reply = std::move(reply), .message = {}, .asked = {}, .end = true};
}

/// CORS (Fetch standard 3.2): may the page ask again, with credentials?
std::string preflight(const std::string& origin)
{
    return http_reply(204, {{"Access-Control-Allow-Origin", origin},
                            {"Access-Control-Allow-Methods", "GET"},
                            {"Access-Control-Allow-Headers", "Authorization"},
                            {"Access-Control-Max-Age", "600"},
                            {"Vary", "Origin"}});
}

} // namespace

bool Rules::admits(std::string_view origin) const
{
    // Only a browser sends an Origin, and it sends the true one (RFC 6455 10.2). Whoever sends none is no browser, and
    // could write what it likes.
    return origin.empty() || std::ranges::any_of(origins, [&](const auto& one) { return iequals(one, origin); });
}

Step Session::next(std::string_view buffer, const Rules& rules, std::size_t longest_head, std::size_t longest_message)
{
    auto step = state_ == State::http ? http(buffer, rules, longest_head) : websocket(buffer, longest_message);
    if (step.size > 0) pinged_ = false;
    return step;
}

// ---- HTTP

Step Session::http(std::string_view buffer, const Rules& rules, std::size_t longest_head)
{
    const auto end = buffer.substr(0, longest_head).find(end_of_head);
    if (end == std::string_view::npos) return buffer.size() < longest_head ? Step{} : refused(buffer.size(), 431);
    const auto size = end + end_of_head.size();
    const auto request = parse_request(buffer.substr(0, size));
    if (!request || request->host.empty() || request->has_body) return refused(size, 400);
    if (!rules.admits(request->origin)) return refused(size, 403);
    Step step{.size = size, .end = !request->keep_alive};
    if (request->method == "OPTIONS" && !request->origin.empty()) {
        step.reply = preflight(request->origin);
        return step;
    }
    if (request->method != "GET") return refused(size, 405, "Allow", "GET, OPTIONS");
    if (request->upgrades) return upgrade(*request, std::move(step));
    const auto account = query_value(request->target, "username");
    if (!request->target.starts_with("/?") || query_value(request->target, "service") != "turn" || !account)
        return refused(size, 404);
    origin_ = request->origin;
    step.asked = RelayRequest{.account = *account,
                              .method = request->method,
                              .target = request->target,
                              .authorization = request->authorization};
    return step;
}

std::string Session::answer(const RelayReply& reply) const
{
    return http_reply(reply.status,
                      {{"WWW-Authenticate", reply.challenge},
                       {"Content-Type", reply.json.empty() ? "" : "application/json"},
                       not_stored,
                       {"Retry-After", reply.status == 503 ? "60" : ""},
                       {"Access-Control-Allow-Origin", origin_},
                       {"Access-Control-Expose-Headers", origin_.empty() ? "" : "WWW-Authenticate"},
                       {"Vary", origin_.empty() ? "" : "Origin"}},
                      reply.json);
}

void Session::keep(Step response) { kept_ = std::make_unique<Step>(std::move(response)); }

Step Session::release() { return std::move(*std::exchange(kept_, nullptr)); }

// RFC 6455 4.2, RFC 7118 4.1. The path of the target means nothing here.
Step Session::upgrade(const HttpRequest& request, Step step)
{
    if (request.version != "13") return refused(step.size, 426, "Sec-WebSocket-Version", "13");
    const auto accept = accept_for(request.key);
    if (!accept || !request.offers_sip) return refused(step.size, 400);
    state_ = State::websocket;
    step.end = false;
    step.reply = http_reply(101, {{"Upgrade", "websocket"},
                                  {"Connection", "Upgrade"},
                                  {"Sec-WebSocket-Accept", *accept},
                                  {"Sec-WebSocket-Protocol", "sip"}});
    return step;
}

// ---- WebSocket

Step Session::fail(std::size_t size, CloseCode code)
{
    Step step{.size = size, .reply = goodbye(code), .message = {}, .asked = {}, .end = true};
    state_ = State::closed;
    return step;
}

Step Session::websocket(std::string_view buffer, std::size_t longest_message)
{
    auto frame = next_frame(buffer, longest_message);
    switch (frame.kind) {
    case Frame::Kind::need_more:
        return {};
    case Frame::Kind::broken:
        return fail(buffer.size(), CloseCode::protocol_error);
    case Frame::Kind::too_big:
        return fail(buffer.size(), CloseCode::too_big);
    case Frame::Kind::whole:
        break;
    }
    switch (frame.opcode) {
    case Opcode::ping:
        return {.size = frame.size,
                .reply = web::frame(Opcode::pong, frame.payload),
                .message = {},
                .asked = {},
                .sign_of_life = true};
    case Opcode::pong:
        return {.size = frame.size};
    case Opcode::close: // 5.5.1: the same code comes back
        if (const auto fault = fault_of_close(frame.payload)) return fail(frame.size, *fault);
        state_ = State::closed;
        return {.size = frame.size,
                .reply = web::frame(Opcode::close, std::string_view{frame.payload}.substr(0, 2)),
                .message = {},
                .asked = {},
                .end = true};
    case Opcode::continuation:
    case Opcode::text:
    case Opcode::binary:
        break;
    }
    return data(std::move(frame), longest_message);
}

Step Session::data(Frame&& frame, std::size_t longest_message)
{
    const bool goes_on = frame.opcode == Opcode::continuation;
    if (goes_on != fragmented_) return fail(frame.size, CloseCode::protocol_error); // RFC 6455 5.4
    if (!goes_on) text_ = frame.opcode == Opcode::text;
    if (fragments_.size() + frame.payload.size() > longest_message) return fail(frame.size, CloseCode::too_big);
    fragmented_ = !frame.last;
    if (fragmented_) {
        fragments_ += frame.payload;
        return {.size = frame.size};
    }
    auto message = goes_on ? std::exchange(fragments_, {}).append(frame.payload) : std::move(frame.payload);
    if (text_ && !is_utf8(message)) return fail(frame.size, CloseCode::not_sip);
    return {.size = frame.size, .reply = {}, .message = std::move(message)};
}

std::optional<std::string> Session::ping()
{
    if (state_ != State::websocket || std::exchange(pinged_, true)) return std::nullopt;
    return frame(Opcode::ping, {});
}

std::string Session::goodbye(CloseCode code)
{
    if (std::exchange(state_, State::closed) != State::websocket) return {};
    return close_frame(code);
}

} // namespace sotto::net::web
