#include "net/web/web_socket.hpp"

#include "core/types/utf8.hpp"
#include "net/web/http.hpp"
#include "net/web/memory_stream.hpp"

#include <boost/beast/websocket/stream.hpp>

#include <cstring>
#include <sstream>

namespace sotto::net::web {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;

/// RFC 6455 7.4.2.
constexpr std::uint16_t last_close_code = 4999;

std::string close_frame(std::uint16_t code)
{
    return {'\x88', '\x02', static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
}

} // namespace

struct WebSocket::Stream : websocket::stream<MemoryStream, false> { // without permessage-deflate
    using stream::stream;
};

WebSocket::WebSocket(Completions& completions, std::size_t longest_message)
    : stream_{std::make_unique<Stream>(completions.executor())}, completions_{completions}
{
    stream_->read_message_max(longest_message);
    stream_->auto_fragment(false);
    stream_->control_callback([this](websocket::frame_type, boost::beast::string_view) {
        if (stream_->is_message_done()) ++ended_;
    });
}

WebSocket::~WebSocket() = default;

std::optional<std::string> WebSocket::accept(HttpRequest&& request, std::string_view protocol)
{
    std::string answer;
    stream_->set_option(websocket::stream_base::decorator{[&](websocket::response_type& response) {
        response.set(http::field::sec_websocket_protocol, protocol);
        // As it is now: what Beast writes afterwards would say who answers, and with which version.
        std::ostringstream out;
        out << response.base();
        answer = std::move(out).str();
    }});
    request.as_read.erase(http::field::expect);
    bool accepted = false;
    stream_->async_accept(request.as_read, [&](error_code error) { accepted = !error; });
    completions_.run();
    stream_->set_option(websocket::stream_base::decorator{[](websocket::response_type&) {}});
    written();
    if (!accepted) return std::nullopt;
    return answer;
}

void WebSocket::read_on()
{
    reading_ = true;
    auto& scratch = completions_.scratch();
    stream_->async_read_some(asio::buffer(scratch), [this](error_code error, std::size_t size) {
        auto& taken = completions_.scratch();
        reading_ = false;
        over_ = error.failed();
        message_.append(taken.data(), size);
        ::explicit_bzero(taken.data(), size);
        whole_ = !over_ && stream_->is_message_done();
    });
}

WebSocket::Received WebSocket::receive(std::string_view bytes)
{
    auto& below = stream_->next_layer();
    below.bring(bytes);
    do {
        if (!reading_) read_on();
        completions_.run();
    } while (!reading_ && !whole_ && !over_);
    // Beast looks at a message's end only where its last frame is not empty.
    if (whole_ && stream_->got_text() && !is_utf8(message_)) {
        close(CloseCode::not_utf8);
        whole_ = false;
        over_ = true;
    }
    Received received{.size = bytes.size() - below.take_back().size(), .message = {}, .over = over_};
    below.wipe_offered();
    if (std::exchange(whole_, false)) {
        ++ended_;
        received.message = std::exchange(message_, {});
    }
    return received;
}

void WebSocket::send(std::string_view message)
{
    stream_->text(is_utf8(message));
    stream_->async_write(asio::buffer(message), [](error_code, std::size_t) {});
    completions_.run();
}

void WebSocket::ping()
{
    stream_->async_ping({}, [](error_code) {});
    completions_.run();
}

void WebSocket::close(CloseCode code)
{
    stream_->async_close(static_cast<websocket::close_code>(code), [](error_code) {});
    completions_.run();
}

std::string WebSocket::written()
{
    auto bytes = stream_->next_layer().fetch();
    // Beast answers every code above its list with itself, also those that are nobody's to send.
    if (const auto code = stream_->reason().code; code > last_close_code && bytes.ends_with(close_frame(code)))
        bytes.replace(bytes.size() - 2, 2, close_frame(websocket::close_code::protocol_error), 2);
    return bytes;
}

std::optional<std::uint64_t> WebSocket::under_way() const
{
    if (stream_->is_message_done() && stream_->next_layer().kept() == 0) return std::nullopt;
    return ended_;
}

} // namespace sotto::net::web
