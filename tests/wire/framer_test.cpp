#include "wire/framer.hpp"

#include "wire/corpus.hpp"

#include <catch2/catch.hpp>

#include <chrono>
#include <ctime>

using namespace sotto;
using namespace std::string_literals;
using wire::FrameKind;
using wire::Framer;

namespace {

// What a connection makes of a byte stream, whatever its segments are.
struct Seen {
    std::vector<std::string> messages;
    int pings{0};
    std::optional<Refusal> refusal;
    std::string refused_head;
    bool broken{false};
    std::size_t left{0};
    bool operator==(const Seen&) const = default;
};

class Connection {
public:
    void receive(std::string_view segment)
    {
        if (closed()) return;
        buffer_ += segment;
        for (;;) {
            const auto frame = framer_.next(buffer_);
            if (frame.kind == FrameKind::need_more) return;
            REQUIRE(frame.size <= buffer_.size());
            REQUIRE(frame.size > 0);
            if (frame.kind == FrameKind::message) seen_.messages.push_back(buffer_.substr(0, frame.size));
            if (frame.kind == FrameKind::ping) ++seen_.pings;
            if (frame.kind == FrameKind::broken) seen_.broken = true;
            if (frame.kind == FrameKind::refuse) {
                seen_.refusal = frame.refusal;
                seen_.refused_head = buffer_.substr(0, frame.size);
            }
            if (closed()) return buffer_.clear();
            buffer_.erase(0, frame.size);
        }
    }
    [[nodiscard]] Seen seen() const
    {
        auto result = seen_;
        result.left = buffer_.size();
        return result;
    }

private:
    [[nodiscard]] bool closed() const { return seen_.broken || seen_.refusal; }

    Framer framer_;
    std::string buffer_;
    Seen seen_;
};

Seen in_segments(std::initializer_list<std::string_view> segments)
{
    Connection connection;
    for (const auto segment : segments) connection.receive(segment);
    return connection.seen();
}

void cut_everywhere(const std::string& bytes)
{
    const auto whole = in_segments({bytes});
    for (std::size_t at = 1; at < bytes.size(); ++at) {
        const std::string_view view{bytes};
        const auto cut = in_segments({view.substr(0, at), view.substr(at)});
        if (cut != whole) FAIL_CHECK("cut at " << at);
    }
    Connection drip;
    for (const char c : bytes) drip.receive({&c, 1});
    CHECK(drip.seen() == whole);
}

constexpr std::string_view head = "OPTIONS sip:a@example.org SIP/2.0\r\n"
                                  "Via: SIP/2.0/TLS c.example.org;branch=z9hG4bK1\r\n"
                                  "From: <sip:b@example.org>;tag=1\r\nTo: <sip:a@example.org>\r\n"
                                  "Call-ID: 1\r\nCSeq: 1 OPTIONS\r\n";

std::string options(std::string_view lines, std::string_view body = {})
{
    return std::string{head}.append(lines).append("\r\n").append(body);
}

wire::Frame first(const std::string& bytes, wire::Limits limits = {}) { return Framer{limits}.next(bytes); }

std::optional<Refusal> refused(const std::string& bytes, wire::Limits limits = {})
{
    const auto frame = first(bytes, limits);
    CHECK(frame.kind == FrameKind::refuse);
    return frame.refusal;
}

std::clock_t cpu_ms(std::clock_t start) { return (std::clock() - start) / (CLOCKS_PER_SEC / 1000); }

} // namespace

TEST_CASE("every corpus message is framed alike wherever its segments are cut", "[rfc3261][18.3]")
{
    for (const auto* samples : {&test::rfc4475(), &test::rfc5118()})
        for (const auto& sample : *samples) {
            INFO(sample.name);
            cut_everywhere(sample.bytes);
        }
    for (const auto& sample : test::examples()) {
        INFO(sample.name);
        const auto bytes = test::with_right_length(sample.bytes);
        CHECK(in_segments({bytes}).messages == std::vector{bytes});
        cut_everywhere(bytes);
    }
}

TEST_CASE("two messages back to back are two, wherever they are cut", "[rfc3261][18.3]")
{
    const std::vector<std::string> two{test::find(test::rfc4475(), "wsinv.dat").bytes,
                                       test::find(test::rfc4475(), "mpart01.dat").bytes};
    CHECK(in_segments({two[0] + two[1]}).messages == two);
    cut_everywhere(two[0] + two[1]);
    cut_everywhere("\r\n\r\n" + two[1] + "\r\n" + two[0] + "\r\n\r\n");
}

TEST_CASE("many messages in one segment are all found", "[rfc3261][18.3]")
{
    std::string stream;
    std::vector<std::string> sent;
    for (const auto& sample : test::examples()) {
        sent.push_back(test::with_right_length(sample.bytes));
        stream += sent.back();
    }
    Connection connection;
    connection.receive(stream);
    CHECK(connection.seen().messages == sent);
    CHECK(connection.seen().left == 0);
}

TEST_CASE("a double CRLF is a ping however it arrives, a single one is skipped", "[rfc5626][3.5.1]")
{
    CHECK(in_segments({"\r\n\r\n"}).pings == 1);
    CHECK(in_segments({"\r", "\n", "\r", "\n"}).pings == 1);
    CHECK(in_segments({"\r\n\r", "\n\r\n\r\n"}).pings == 2);
    CHECK(in_segments({"\r\n"}).pings == 0);
    CHECK(in_segments({"\r\n"}).left == 0); // an idle connection holds no bytes
    const auto message = options("Content-Length: 0\r\n");
    const auto seen = in_segments({"\r\n" + message + "\r\n" + message + "\r\n\r\n"});
    CHECK(seen.messages.size() == 2);
    CHECK(seen.pings == 1);
    // the CRLF before a message and the one after it make no ping
    CHECK(in_segments({"\r\n", message, "\r\n"}).pings == 0);
}

TEST_CASE("Content-Length is read in every spelling that the grammar allows", "[rfc3261][20.14]")
{
    for (const auto* const line : {"Content-Length: 4\r\n", "l:4\r\n", "L : 4\r\n", "CONTENT-LENGTH   :\r\n  4  \r\n",
                                   "content-length:0004\r\n"}) {
        INFO(line);
        CHECK(first(options(line, "body")).kind == FrameKind::message);
        CHECK(first(options(line, "bod")).kind == FrameKind::need_more);
        CHECK(first(options(line, "bodyOPTIONS")).size == options(line, "body").size());
    }
}

TEST_CASE("a Content-Length that does not say one length is refused", "[rfc3261][20.14]")
{
    for (const auto* const line :
         {"", "Content-Length: -1\r\n", "Content-Length: +3\r\n", "Content-Length: 0x3\r\n", "Content-Length: 3 x\r\n",
          "Content-Length: 3,3\r\n", "Content-Length:\r\n", "Content-Length: 1\r\n 2\r\n",
          "Content-Length: 3\r\nContent-Length: 3\r\n", "l: 3\r\nContent-Length: 5\r\n", "Content-Length 3\r\n"}) {
        INFO(line);
        CHECK(refused(options(line, "abc")) == Refusal::bad_content_length);
    }
}

TEST_CASE("no Content-Length is too large to be refused", "[rfc3261][21.4.11]")
{
    for (const auto* const digits : {"65537", "2147483647", "2147483648", "4294967295", "4294967296",
                                     "18446744073709551615", "18446744073709551616", "99999999999999999999999999"}) {
        INFO(digits);
        const auto bytes = options("Content-Length: "s + digits + "\r\n");
        CHECK(refused(bytes) == Refusal::message_too_large);
        CHECK(first(bytes).size == bytes.size());
    }
    CHECK(first(options("Content-Length: 65536\r\n")).kind == FrameKind::need_more);
    CHECK(refused(options("Content-Length: 9\r\n"), {.body = 8}) == Refusal::message_too_large);
}

TEST_CASE("a head beyond the limits is refused with what is there of it", "[rfc3261][21.5.7]")
{
    const auto large = options("Content-Length: 0\r\nX: " + std::string(6'000, 'x') +
                               "\r\nY: " + std::string(6'000, 'y') + "\r\nZ: " + std::string(6'000, 'z') + "\r\n");
    CHECK(refused(large) == Refusal::header_too_large);
    CHECK(first(large).size < 16'384);
    CHECK(first(large).size > head.size());
    // Nothing says that the head will ever end.
    CHECK(refused(large.substr(0, 17'000)) == Refusal::header_too_large);

    std::string lines = "Content-Length: 0\r\n";
    for (int i = 0; i < 130; ++i) lines += "x:y\r\n";
    CHECK(refused(options(lines)) == Refusal::header_too_large);
    CHECK(refused(options("Content-Length: 0\r\nx:" + std::string(513, ',') + "\r\n")) == Refusal::header_too_large);
    CHECK(refused(options("Content-Length: 0\r\nx:" + std::string(8'200, 'x') + "\r\n")) == Refusal::header_too_large);
    std::string folded =
        "Content-Length: 0\r\nx:" + std::string(4'100, 'x') + "\r\n " + std::string(4'100, 'x') + "\r\n";
    CHECK(refused(options(folded)) == Refusal::header_too_large);
}

TEST_CASE("what others could take for a line end, and control characters, are refused", "[rfc3261][25.1]")
{
    CHECK(refused(options("Content-Length: 0\r\nX: a\rb\r\n")) == Refusal::malformed_header);
    CHECK(refused(options("Content-Length: 0\r\nX: a\r\r\n")) == Refusal::malformed_header);
    CHECK(first(options("Content-Length: 0\r\nX: a\nb\r\n")).kind == FrameKind::broken);
    CHECK(first(options("Content-Length: 0\r\nX: a\nb\rc\r\n")).kind == FrameKind::broken);
    CHECK(refused(options("Content-Length: 0\r\nX: "s + '\0' + "\r\n")) == Refusal::malformed_header);
    CHECK(refused(options("Content-Length: 0\r\nX: \x7F\r\n")) == Refusal::malformed_header);
    CHECK(first(options("Content-Length: 0\r\nX: a\tb\r\n")).kind == FrameKind::message);
}

TEST_CASE("what is not SIP is given up at once", "[framing]")
{
    CHECK(first("\x16\x03\x01\x02"s).kind == FrameKind::broken);
    CHECK(first(" OPTIONS").kind == FrameKind::broken);
    CHECK(first("\n").kind == FrameKind::broken);
    CHECK(first("\rX").kind == FrameKind::broken);
    CHECK(first("OPTIONS sip:a SIP/2.0\nVia:").kind == FrameKind::broken);
    CHECK(first("OPTIONS sip:a SIP/2.0\n\n").kind == FrameKind::broken);
    CHECK(first(std::string(16'385, 'a')).kind == FrameKind::broken);
}

TEST_CASE("bytes that arrive one by one cost no more than all at once", "[framing]")
{
    const auto message =
        options("Content-Length: 60000\r\nX: " + std::string(8'000, 'x') + "\r\nY:" + std::string(7'000, 'y') + "\r\n",
                std::string(60'000, 'b'));
    const auto start = std::clock();
    for (int round = 0; round < 10; ++round) {
        Framer framer;
        for (std::size_t size = 1; size < message.size(); ++size)
            if (framer.next(std::string_view{message}.substr(0, size)).kind != FrameKind::need_more)
                FAIL("at " << size);
        CHECK(framer.next(message).kind == FrameKind::message);
    }
    CHECK(cpu_ms(start) < 2'000); // quadratic would be minutes
}

TEST_CASE("a WebSocket message is one SIP message", "[rfc7118][5]")
{
    const wire::Limits limits;
    CHECK(frame_whole(options("", "body"), limits).kind == FrameKind::message);
    CHECK(frame_whole(options("Content-Length: 4\r\n", "body"), limits).kind == FrameKind::message);
    CHECK(frame_whole(options("Content-Length: 4\r\n", "bodies"), limits).refusal == Refusal::bad_content_length);
    CHECK(frame_whole(options("Content-Length: 4\r\n", "bod"), limits).refusal == Refusal::bad_content_length);
    CHECK(frame_whole(options("", std::string(65'537, 'x')), limits).refusal == Refusal::message_too_large);
    CHECK(frame_whole(options("x:" + std::string(17'000, 'x') + "\r\n"), limits).refusal == Refusal::header_too_large);
    CHECK(frame_whole("\r\n\r\n", limits).kind == FrameKind::ping);
    CHECK(frame_whole("\r\n", limits).kind == FrameKind::crlf);
    CHECK(frame_whole("", limits).kind == FrameKind::broken);
    CHECK(frame_whole("OPTIONS sip:a SIP/2.0\r\n", limits).kind == FrameKind::broken);
}
