#include "net/web/http.hpp"

#include "core/types/cryptography.hpp"
#include "core/types/uri.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/rfc7230.hpp>

#include <array>

namespace sotto::net::web {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t key_length = 24; // 16 bytes in base64

std::string text_of(const http::fields& fields, http::field name)
{
    const auto found = fields.find(name);
    return found == fields.end() ? std::string{} : std::string{found->value()};
}

bool lists(const http::fields& fields, http::field name, std::string_view word)
{
    for (auto [one, end] = fields.equal_range(name); one != end; ++one)
        if (http::token_list{one->value()}.exists(boost::beast::string_view{word.data(), word.size()})) return true;
    return false;
}

} // namespace

std::optional<HttpRequest> parse_request(std::string_view head)
{
    http::request_parser<http::empty_body> parser;
    boost::system::error_code error;
    parser.header_limit(static_cast<std::uint32_t>(head.size()) + 1);
    parser.put(boost::asio::buffer(head), error);
    if (error && error != http::error::unexpected_body) return std::nullopt; // the body is refused as such
    if (!parser.is_header_done()) return std::nullopt;
    const auto& read = parser.get();
    if (read.version() != 11) return std::nullopt;
    HttpRequest request;
    request.method = std::string{read.method_string()};
    request.target = std::string{read.target()};
    request.host = text_of(read, http::field::host);
    request.origin = text_of(read, http::field::origin);
    request.authorization = text_of(read, http::field::authorization);
    request.keep_alive = read.keep_alive();
    request.has_body = parser.chunked() || parser.content_length().value_or(0) > 0;
    request.upgrades =
        lists(read, http::field::upgrade, "websocket") && lists(read, http::field::connection, "upgrade");
    request.offers_sip = lists(read, http::field::sec_websocket_protocol, "sip");
    request.as_read = parser.release();
    return request;
}

std::optional<std::string> query_value(std::string_view target, std::string_view name)
{
    const auto question = target.find('?');
    if (question == std::string_view::npos) return std::nullopt;
    auto query = target.substr(question + 1);
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(query.size(), pair.size() + 1));
        const auto equals = pair.find('=');
        if (equals != std::string_view::npos && pair.substr(0, equals) == name)
            return unescape(pair.substr(equals + 1));
    }
    return std::nullopt;
}

std::string http_reply(int status, HttpFields fields, std::string_view body)
{
    const auto reason = http::obsolete_reason(static_cast<http::status>(status));
    auto out = "HTTP/1.1 " + std::to_string(status) + " " + std::string{reason} + "\r\n";
    for (const auto& [name, value] : fields)
        if (!value.empty()) ((out.append(name) += ": ") += value) += "\r\n";
    if (status >= 200 && status != 204) out += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return out.append("\r\n").append(body);
}

bool is_key(std::string_view key)
{
    if (key.size() != key_length || !key.ends_with("==")) return false;
    std::string digits{key.substr(0, key_length - 2)};
    for (auto& digit : digits) digit = digit == '+' ? '-' : digit == '/' ? '_' : digit;
    std::array<std::uint8_t, 16> bytes;
    return from_base64url(digits, bytes);
}

} // namespace sotto::net::web
