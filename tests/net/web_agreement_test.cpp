// Our WebSocket frames beside those of Boost.Beast: whatever comes, both take the same messages, say the same, and give
// up for the same reason (docs/adr/0012).
#include "net/web/session.hpp"

#include <boost/asio/write.hpp>
#include <boost/beast/_experimental/test/stream.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <random>
#include <utility>

using net_opcode = sotto::net::web::Opcode;

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace web = sotto::net::web;

constexpr std::size_t longest_message = 300;
constexpr std::string_view handshake =
    "GET / HTTP/1.1\r\nHost: example.org\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: sip\r\nSec-WebSocket-Version: 13\r\n\r\n";

struct Heard {
    std::vector<std::string> messages;
    std::string said; ///< "pong x", "close 1002": what the server wrote, in order
    bool operator==(const Heard&) const = default;
};

std::ostream& operator<<(std::ostream& out, const Heard& heard)
{
    for (const auto& message : heard.messages) out << "took " << Catch::Detail::stringify(message) << '\n';
    return out << heard.said;
}

/// Short frames of a server, which are whole.
std::string told(std::string_view bytes)
{
    std::string out;
    while (!bytes.empty()) {
        const auto opcode = static_cast<net_opcode>(bytes[0] & 0x0f);
        const auto size = static_cast<std::size_t>(bytes[1]);
        const auto payload = bytes.substr(2, size);
        bytes.remove_prefix(2 + size);
        if (opcode == net_opcode::pong) {
            out.append("pong ").append(payload).append("\n");
            continue;
        }
        // To a Close without a code Beast says 1000, and we say as little.
        const auto code = payload.empty() ? 1000 : (payload[0] & 0xff) << 8 | (payload[1] & 0xff);
        out.append("close ").append(std::to_string(code)).append("\n");
    }
    return out;
}

Heard by_beast(const std::string& bytes)
{
    asio::io_context context;
    beast::websocket::stream<beast::test::stream> server{context};
    auto client = beast::test::connect(server.next_layer());
    asio::write(client, asio::buffer(handshake));
    server.accept();
    client.clear();
    server.read_message_max(longest_message);
    asio::write(client, asio::buffer(bytes));
    server.next_layer().close_remote();
    Heard heard;
    for (;;) {
        beast::flat_buffer buffer;
        beast::error_code error;
        server.read(buffer, error);
        if (error) break;
        heard.messages.push_back(beast::buffers_to_string(buffer.data()));
    }
    heard.said = told(client.str());
    return heard;
}

/// In pieces, as they come from the network.
Heard by_us(const std::string& bytes, std::mt19937_64& random)
{
    web::Session session;
    REQUIRE_FALSE(session.next(handshake, {}, 1'000, longest_message).end);
    Heard heard;
    std::string buffer;
    std::string written;
    for (std::size_t at = 0; at < bytes.size();) {
        const auto more = std::min<std::size_t>(1 + random() % 40, bytes.size() - at);
        buffer.append(bytes, at, more);
        at += more;
        for (;;) {
            auto step = session.next(buffer, {}, 1'000, longest_message);
            if (step.size == 0) break;
            buffer.erase(0, step.size);
            written += step.reply;
            if (step.message) heard.messages.push_back(*std::move(step.message));
            if (step.end) return heard.said = told(written), heard;
        }
    }
    heard.said = told(written);
    return heard;
}

class Sender {
public:
    explicit Sender(std::mt19937_64& random) : random_{random} {}

    /// A few messages in fragments, control frames between them, and now and then something that is not allowed.
    std::string sequence()
    {
        for (auto messages = one_of(4); messages > 0; --messages) message();
        return bytes_;
    }

private:
    std::size_t one_of(std::size_t count) { return random_() % count; }
    bool in(std::size_t times) { return one_of(times) == 0; }

    struct Head {
        unsigned opcode;
        bool last{true};
        bool masked{true};
        unsigned reserved{0};
        unsigned length_size{0}; ///< in bytes, where it is longer than needed
    };
    void frame(const Head& head, std::string payload)
    {
        const auto size = payload.size();
        const auto length_size = std::max(head.length_size, size > 0xffff ? 8U : size > 125 ? 2U : 0U);
        bytes_ += static_cast<char>((head.last ? 0x80U : 0U) | head.reserved << 4U | head.opcode);
        const auto brief = length_size == 8 ? 127U : length_size == 2 ? 126U : static_cast<unsigned>(size);
        bytes_ += static_cast<char>((head.masked ? 0x80U : 0U) | brief);
        for (auto i = length_size; i-- > 0;) bytes_ += static_cast<char>(size >> 8U * i & 0xffU);
        std::string mask;
        for (int i = 0; head.masked && i < 4; ++i) mask += static_cast<char>(random_());
        bytes_ += mask;
        for (std::size_t i = 0; head.masked && i < size; ++i)
            payload[i] = static_cast<char>(payload[i] ^ mask[i % mask.size()]);
        bytes_ += payload;
    }

    void message()
    {
        static const std::vector<std::string> pieces{"INVITE ",
                                                     "\r\n",
                                                     "gr\xc3\xbc\xc3\x9f"
                                                     "e",
                                                     "\xe2\x82\xac",
                                                     "\xf0\x9f\x93\x9e",
                                                     std::string(70, 'x')};
        const bool text = !in(3);
        std::string whole;
        for (auto i = one_of(6); i > 0; --i) whole += pieces[one_of(pieces.size())];
        // At its end: Beast looks at each byte as it comes, and we at the whole message.
        if (in(6)) whole += in(2) ? "\xc3" : "\xff";
        unsigned opcode = text ? 1 : 2;
        while (whole.size() > 1 && in(2)) {
            between(opcode == 0);
            const auto cut = one_of(whole.size());
            frame({.opcode = std::exchange(opcode, 0U), .last = false}, whole.substr(0, cut));
            whole.erase(0, cut);
        }
        between(opcode == 0);
        frame({.opcode = opcode}, whole);
    }

    void between(bool fragmented)
    {
        if (in(4)) frame({.opcode = 9}, std::string(one_of(3) * 62, 'p'));
        if (in(6)) frame({.opcode = 10}, "q");
        if (in(20)) close();
        if (in(20)) broken(fragmented);
    }

    void close()
    {
        // Not 1014, which has been registered since Beast was written, and nothing above 4999, which Beast admits; no
        // reason that is not UTF-8, to which Beast says 1002 and we say 1007.
        static constexpr std::array codes{0,    999,  1000, 1001, 1003, 1004, 1005, 1006,
                                          1007, 1011, 1013, 1015, 2999, 3000, 4999};
        if (in(5)) return frame({.opcode = 8}, in(2) ? "" : "\x03");
        const auto code = static_cast<unsigned>(codes[one_of(codes.size())]);
        std::string payload{static_cast<char>(code >> 8U), static_cast<char>(code & 0xffU)};
        static const std::vector<std::string> reasons{"", "bye", "tsch\xc3\xbc\xc3\x9f"};
        frame({.opcode = 8}, payload + reasons[one_of(reasons.size())]);
    }

    void broken(bool fragmented)
    {
        switch (one_of(8)) {
        case 0:
            return frame({.opcode = in(2) ? 9U : 1U, .masked = false}, "x");
        case 1:
            return frame({.opcode = in(2) ? 9U : 1U, .reserved = 1U << one_of(3)}, "x");
        case 2:
            return frame({.opcode = in(2) ? 3U + unsigned(one_of(5)) : 11U + unsigned(one_of(5))}, "x");
        case 3:
            return frame({.opcode = 8U + unsigned(one_of(3)), .last = false}, "");
        case 4:
            return frame({.opcode = 8U + unsigned(one_of(3))}, std::string(126, 'x'));
        case 5:
            return frame({.opcode = fragmented ? 1U + unsigned(one_of(2)) : 0U}, "x");
        case 6:
            return frame({.opcode = fragmented ? 0U : 2U, .length_size = in(2) ? 2U : 8U}, "x");
        default:
            return frame({.opcode = fragmented ? 0U : 2U}, std::string(longest_message + 1, 'x'));
        }
    }

    std::mt19937_64& random_;
    std::string bytes_;
};

} // namespace

TEST_CASE("We and Boost.Beast take the same messages and give up for the same reason", "[websocket]")
{
    std::mt19937_64 random{20'261'126};
    std::size_t messages = 0;
    std::map<std::string, int> ends;
    for (int i = 0; i < 5'000; ++i) {
        const auto bytes = Sender{random}.sequence();
        const auto theirs = by_beast(bytes);
        const auto ours = by_us(bytes, random);
        INFO("sequence " << i << ", " << bytes.size() << " bytes");
        REQUIRE(ours == theirs);
        messages += ours.messages.size();
        const auto close = ours.said.find("close ");
        if (close != std::string::npos) ++ends[ours.said.substr(close + 6, 4)];
    }
    // The sequences have tried what they are for.
    CHECK(messages > 3'000);
    for (const auto* code : {"1000", "1002", "1007", "1009"}) CHECK(ends[code] > 20);
}
