#pragma once
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sotto::net::web {

/// A request that a browser sends before it speaks WebSocket, or instead of it (RFC 9112). Absent: empty.
struct HttpRequest {
    std::string method;
    std::string target; ///< as it stands in the request line
    std::string host;
    std::string origin;
    std::string authorization;
    bool keep_alive{false};
    bool has_body{false};
    bool upgrades{false}; ///< asks for WebSocket (RFC 6455 4.1)
    bool offers_sip{false};
    boost::beast::http::request<boost::beast::http::empty_body> as_read; ///< by Boost.Beast, which goes on with it
};

/// One head with the empty line at its end. Nothing when it breaks the grammar.
std::optional<HttpRequest> parse_request(std::string_view head);

/// What the query of a target names: `username` of "/?service=turn&username=alice%40example.org", unescaped.
std::optional<std::string> query_value(std::string_view target, std::string_view name);

using HttpFields = std::initializer_list<std::pair<std::string_view, std::string_view>>;
/// A whole response; fields with an empty value are left out.
std::string http_reply(int status, HttpFields fields, std::string_view body = {});

/// A Sec-WebSocket-Key: 16 bytes in base64 (RFC 6455 4.2.1).
bool is_key(std::string_view key);

} // namespace sotto::net::web
