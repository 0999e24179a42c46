#include "net/web/session.hpp"

#include "core/types/ascii.hpp"
#include "net/web/http.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net::web {
namespace {

namespace http = boost::beast::http;

constexpr std::string_view end_of_head = "\r\n\r\n";

/// Nothing that a browser gets here is for anybody else, or for later.
constexpr std::pair<std::string_view, std::string_view> not_stored{"Cache-Control", "no-store"};

Step refused(std::size_t size, int status, std::string_view field = {}, std::string_view value = {})
{
    auto reply = http_reply(status, {{"Connection", "close"}, {field, value}});
    return {.size = size, .again = false, .reply = std::move(reply), .message = {}, .asked = {}, .end = true};
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

Session::Session(Completions& completions) : completions_{completions} {}

Session::~Session() = default;

Step Session::next(std::string_view buffer, const Rules& rules, std::size_t longest_head, std::size_t longest_message)
{
    if (over_) return {.size = buffer.size()};
    auto step = web_socket_ ? web_socket(buffer) : http(buffer, rules, longest_head, longest_message);
    if (step.size > 0) pinged_ = false;
    return step;
}

// ---- HTTP

Step Session::http(std::string_view buffer, const Rules& rules, std::size_t longest_head, std::size_t longest_message)
{
    const auto end = buffer.substr(0, longest_head).find(end_of_head);
    if (end == std::string_view::npos) return buffer.size() < longest_head ? Step{} : refused(buffer.size(), 431);
    const auto size = end + end_of_head.size();
    auto request = parse_request(buffer.substr(0, size));
    if (!request || request->host.empty() || request->has_body) return refused(size, 400);
    if (!rules.admits(request->origin)) return refused(size, 403);
    Step step{.size = size, .again = true, .end = !request->keep_alive};
    if (request->method == "OPTIONS" && !request->origin.empty()) {
        step.reply = preflight(request->origin);
        return step;
    }
    if (request->method != "GET") return refused(size, 405, "Allow", "GET, OPTIONS");
    if (request->upgrades) return upgrade(*std::move(request), std::move(step), longest_message);
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
Step Session::upgrade(HttpRequest&& request, Step step, std::size_t longest_message)
{
    if (request.as_read[http::field::sec_websocket_version] != "13")
        return refused(step.size, 426, "Sec-WebSocket-Version", "13");
    if (!is_key(request.as_read[http::field::sec_websocket_key]) || !request.offers_sip) return refused(step.size, 400);
    auto begun = std::make_unique<WebSocket>(completions_, longest_message);
    auto accepted = begun->accept(std::move(request), "sip");
    if (!accepted) return refused(step.size, 400);
    web_socket_ = std::move(begun);
    step.end = false;
    step.reply = *std::move(accepted);
    return step;
}

// ---- WebSocket

Step Session::web_socket(std::string_view buffer)
{
    auto received = web_socket_->receive(buffer);
    Step step{.size = received.size,
              .again = received.message.has_value(),
              .reply = web_socket_->written(),
              .message = std::move(received.message),
              .asked = {},
              .sign_of_life = !received.over, // the stream itself writes a Pong, or else a Close
              .end = received.over};
    if (received.over) {
        web_socket_.reset();
        over_ = true;
    }
    return step;
}

std::optional<std::uint64_t> Session::under_way() const
{
    return web_socket_ ? web_socket_->under_way() : std::nullopt;
}

std::string Session::carry(std::string_view message)
{
    web_socket_->send(message);
    return web_socket_->written();
}

std::optional<std::string> Session::ping()
{
    if (!web_socket_ || std::exchange(pinged_, true)) return std::nullopt;
    web_socket_->ping();
    return web_socket_->written();
}

std::string Session::goodbye(CloseCode code)
{
    over_ = true;
    const auto ended = std::exchange(web_socket_, nullptr);
    if (!ended) return {};
    ended->close(code);
    return ended->written();
}

} // namespace sotto::net::web
