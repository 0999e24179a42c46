// A browser's session as RFC 6455 and RFC 7118 have it: bytes in, bytes out.
#include "net/web/completions.hpp"
#include "net/web/session.hpp"
#include "net/web_frames.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;
using net::web::Session;

namespace {

constexpr std::size_t longest_message = 70'000;

/// What a client notices, and whoever takes its messages.
struct Heard {
    std::vector<std::string> messages;
    std::string written;
    bool ended{false};
};

struct Browser {
    net::web::Completions completions;
    Session session{completions};

    Browser() { REQUIRE(tells(web_handshake).written.starts_with("HTTP/1.1 101 Switching Protocols\r\n")); }

    /// All at once.
    Heard tells(std::string_view bytes)
    {
        Heard heard;
        for (bool again = true; again && !heard.ended;) {
            auto step = session.next(bytes, {}, 1'000, longest_message);
            bytes.remove_prefix(step.size);
            heard.written += step.reply;
            if (step.message) heard.messages.push_back(*std::move(step.message));
            heard.ended = step.end;
            again = step.again;
        }
        REQUIRE((bytes.empty() || heard.ended));
        return heard;
    }

    /// In pieces, as they come from the network.
    Heard tells(std::string_view bytes, std::size_t piece)
    {
        Heard all;
        while (!bytes.empty() && !all.ended) {
            auto heard = tells(bytes.substr(0, piece));
            bytes.remove_prefix(std::min(piece, bytes.size()));
            all.messages.insert(all.messages.end(), heard.messages.begin(), heard.messages.end());
            all.written += heard.written;
            all.ended = heard.ended;
        }
        return all;
    }
};

std::string closed_with(unsigned code) { return bare(Opcode::close, close_payload(code)); }

using Strings = std::vector<std::string>;

} // namespace

TEST_CASE("The handshake of RFC 6455", "[websocket]")
{
    net::web::Completions completions;
    Session session{completions};
    const auto step = session.next(web_handshake, {}, 1'000, longest_message);
    CHECK(step.size == web_handshake.size());
    CHECK(step.reply == "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                        "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n\r\n");
    CHECK(session.speaks_sip());
}

TEST_CASE("The examples of RFC 6455 5.7", "[websocket]")
{
    Browser browser;
    CHECK(browser.tells(std::string{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11}).messages == Strings{"Hello"});
    const auto ping = browser.tells(std::string{"\x89\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 11});
    CHECK(ping.written == "\x8a\x05Hello");
    CHECK(browser.session.carry("Hello") == "\x81\x05Hello");
    CHECK(browser.session.carry(std::string(256, 'x')) == std::string{"\x81\x7e\x01\x00", 4} + std::string(256, 'x'));
    CHECK(browser.session.carry(std::string(65'536, 'x')).substr(0, 10) ==
          std::string{"\x81\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 10});
}

TEST_CASE("Messages are whole however they come", "[websocket]")
{
    const std::size_t piece = GENERATE(1U, 2U, 7U, 1'000U, 16'384U, 1'000'000U);
    Browser browser;
    Strings expected;
    std::string bytes;
    for (const std::size_t size : {0U, 1U, 125U, 126U, 1'536U, 1'537U, 4'096U, 9'000U, 65'535U, 65'536U}) {
        expected.push_back(std::string(size, 'x') + std::to_string(size));
        bytes += frame({.opcode = static_cast<unsigned>(Opcode::text), .key = 0x37fa213d}, expected.back());
    }
    const auto heard = browser.tells(bytes, piece);
    CHECK(heard.messages == expected);
    CHECK(heard.written.empty());
    CHECK_FALSE(heard.ended);
    CHECK_FALSE(browser.session.under_way());
}

TEST_CASE("Fragments are joined, whatever control frames stand between them", "[websocket]")
{
    const std::size_t piece = GENERATE(1U, 5U, 1'000U);
    Browser browser;
    const auto heard =
        browser.tells(masked(Opcode::text, "gr\xc3", false) + masked(Opcode::ping, "there?") +
                          masked(Opcode::continuation, "\xbc\xc3\x9f", false) + masked(Opcode::pong, "") +
                          masked(Opcode::continuation, "", false) + masked(Opcode::continuation, "e") +
                          masked(Opcode::binary, "\xff") + masked(Opcode::ping, ""),
                      piece);
    CHECK(heard.messages == Strings{"gr\xc3\xbc\xc3\x9f"
                                    "e",
                                    "\xff"});
    CHECK(heard.written == bare(Opcode::pong, "there?") + bare(Opcode::pong, ""));
    CHECK_FALSE(heard.ended);
}

TEST_CASE("One message is taken after the other, so that an answer comes before what follows it", "[websocket]")
{
    Browser browser;
    const auto bytes = masked(Opcode::text, "first") + masked(Opcode::close, close_payload(1000));
    const auto step = browser.session.next(bytes, {}, 1'000, longest_message);
    CHECK(step.message == "first");
    CHECK(step.reply.empty());
    CHECK(step.again);
    CHECK(browser.session.speaks_sip());
    CHECK(browser.tells(bytes.substr(step.size)).written == closed_with(1000));
}

TEST_CASE("Broken rules end the session with the code that says which", "[websocket]")
{
    struct Case {
        std::string_view name;
        std::string bytes;
        unsigned code;
    };
    const auto data = [](std::string_view payload) { return masked(Opcode::text, payload); };
    const auto begun = masked(Opcode::text, "a", false);
    const std::vector<Case> cases{
        {"not masked", frame({.opcode = 1, .masked = false}, "abcdef"), 1002},
        {"reserved bit 1", frame({.opcode = 1, .reserved = 4}, "a"), 1002},
        {"reserved bit 2", frame({.opcode = 1, .reserved = 2}, "a"), 1002},
        {"reserved bit 3", frame({.opcode = 9, .reserved = 1}, "a"), 1002},
        {"unknown data frame", frame({.opcode = 3}, "a"), 1002},
        {"unknown control frame", frame({.opcode = 11}, "a"), 1002},
        {"continuation of nothing", masked(Opcode::continuation, "a"), 1002},
        {"message inside a message", begun + data("b"), 1002},
        {"fragmented ping", masked(Opcode::ping, "", false), 1002},
        {"fragmented close", masked(Opcode::close, close_payload(1000), false), 1002},
        {"long ping", masked(Opcode::ping, std::string(126, 'x')), 1002},
        {"length in two bytes where one would do", frame({.opcode = 1, .length_size = 2}, "a"), 1002},
        {"length in eight bytes where two would do", frame({.opcode = 1, .length_size = 8}, std::string(300, 'x')),
         1002},
        {"close of one byte", masked(Opcode::close, "\x03"), 1002},
        {"close with a code that is never sent", masked(Opcode::close, close_payload(1005)), 1002},
        {"close with no code of anybody", masked(Opcode::close, close_payload(2999)), 1002},
        {"close with the first code after the last range", masked(Opcode::close, close_payload(5000)), 1002},
        {"close with the highest code", masked(Opcode::close, close_payload(65'535)), 1002},
        {"close with a reason that is not UTF-8", masked(Opcode::close, close_payload(1000, "\xff")), 1002},
        {"text that is not UTF-8", data("\xff"), 1007},
        {"overlong form", data("\xc0\x80"), 1007},
        {"surrogate", data("\xed\xa0\x80"), 1007},
        {"above U+10FFFF", data("\xf4\x90\x80\x80"), 1007},
        {"half a character", data("abc\xc3"), 1007},
        {"half a character at the end of the last fragment", begun + masked(Opcode::continuation, "\xc3"), 1007},
        {"half a character before an empty last fragment",
         masked(Opcode::text, "\xc3", false) + masked(Opcode::continuation, ""), 1007},
        {"half a character before two empty fragments",
         masked(Opcode::text, "a\xe2\x82", false) + masked(Opcode::continuation, "", false) +
             masked(Opcode::continuation, ""),
         1007},
        {"too long", data(std::string(longest_message + 1, 'x')), 1009},
        {"too long in fragments",
         masked(Opcode::binary, std::string(40'000, 'x'), false) +
             masked(Opcode::continuation, std::string(40'000, 'x')),
         1009}};
    for (const auto& one : cases)
        for (const std::size_t piece : {1'000'000U, 1U}) {
            INFO(one.name << " in pieces of " << piece);
            Browser browser;
            const auto heard =
                browser.tells(data("before") + one.bytes + data("after") + masked(Opcode::ping, ""), piece);
            CHECK(heard.messages == Strings{"before"});
            CHECK(heard.written == closed_with(one.code));
            CHECK(heard.ended);
            CHECK_FALSE(browser.session.speaks_sip());
            CHECK(browser.tells(data("later")).messages.empty());
            CHECK(browser.session.goodbye().empty()); // it has been said
        }
}

TEST_CASE("What is too long is known before it has come", "[websocket]")
{
    Browser browser;
    const auto heard = browser.tells(masked(Opcode::text, std::string(longest_message + 1, 'x')).substr(0, 14));
    CHECK(heard.written == closed_with(1009));
    CHECK(heard.ended);
}

TEST_CASE("A Close is answered with its own code", "[websocket]")
{
    for (const unsigned code : {1000U, 1001U, 1011U, 3000U, 4999U}) {
        Browser browser;
        const auto heard = browser.tells(masked(Opcode::close, close_payload(code, "tsch\xc3\xbc\xc3\x9f")), 3);
        CHECK(heard.written == closed_with(code));
        CHECK(heard.ended);
        CHECK_FALSE(browser.session.ping());
    }
    Browser browser;
    CHECK(browser.tells(masked(Opcode::close, {})).written == closed_with(1000));
}

TEST_CASE("The server says that it goes, also in the middle of a message", "[websocket]")
{
    Browser browser;
    SECTION("while nothing comes") {}
    SECTION("inside a frame") { browser.tells(masked(Opcode::text, "abc").substr(0, 8)); }
    SECTION("between fragments") { browser.tells(masked(Opcode::text, "abc", false)); }
    SECTION("with a message that has not been looked for")
    {
        const auto two = masked(Opcode::text, "a") + masked(Opcode::text, "b");
        CHECK(browser.session.next(two, {}, 1'000, longest_message).message == "a");
    }
    CHECK(browser.session.goodbye() == closed_with(1001));
    CHECK_FALSE(browser.session.speaks_sip());
    CHECK(browser.session.goodbye().empty());
    CHECK(browser.tells(masked(Opcode::text, "later")).messages.empty());
}

TEST_CASE("Text frames hold UTF-8 (RFC 3629), and binary frames what is none", "[websocket]")
{
    Browser browser;
    for (const std::string_view good : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x93\x9e", "\xf4\x8f\xbf\xbf"})
        CHECK(browser.session.carry(good) == bare(Opcode::text, good));
    for (const std::string_view bad : {"\x80", "\xc3", "\xc0\x80", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80",
                                       "\xf4\x90\x80\x80", "\xff", "\xe2\x82", "\xe2\x28\xa1"})
        CHECK(browser.session.carry(bad) == bare(Opcode::binary, bad));
}

TEST_CASE("What is under way has a number of its own", "[websocket]")
{
    Browser browser;
    auto& session = browser.session;
    const auto whole = masked(Opcode::text, "abcdef");
    CHECK_FALSE(session.under_way());
    for (std::size_t i = 1; i < whole.size(); ++i) { // at each byte of it
        browser.tells(whole.substr(0, i));
        const auto first = session.under_way();
        REQUIRE(first);
        browser.tells(whole.substr(i) + whole.substr(0, 1));
        const auto second = session.under_way();
        REQUIRE(second);
        CHECK(second != first);
        browser.tells(whole.substr(1));
        CHECK_FALSE(session.under_way());
    }
    browser.tells(masked(Opcode::text, "a", false));
    const auto fragmented = session.under_way();
    REQUIRE(fragmented);
    for (const auto& between :
         {masked(Opcode::ping, "x"), masked(Opcode::continuation, "b", false), masked(Opcode::pong, "")}) {
        browser.tells(between);
        CHECK(session.under_way() == fragmented); // control frames and further fragments win no time
    }
    browser.tells(masked(Opcode::continuation, "") + masked(Opcode::ping, "xyz").substr(0, 7));
    const auto control = session.under_way();
    REQUIRE(control);
    CHECK(control != fragmented);
    browser.tells(masked(Opcode::ping, "xyz").substr(7) + masked(Opcode::ping, "xyz").substr(0, 7));
    CHECK(session.under_way() != control);
}

TEST_CASE("A Ping is sent once for each sign of life", "[websocket]")
{
    Browser browser;
    CHECK(browser.session.ping() == bare(Opcode::ping, {}));
    CHECK_FALSE(browser.session.ping());
    CHECK(browser.tells(masked(Opcode::pong, {})).written.empty());
    CHECK(browser.session.ping() == bare(Opcode::ping, {}));
}

TEST_CASE("An answer may be written while half of the next message has come", "[websocket]")
{
    Browser browser;
    const auto next = masked(Opcode::text, "next");
    browser.tells(next.substr(0, 8));
    CHECK(browser.session.carry("answer") == bare(Opcode::text, "answer"));
    CHECK(browser.session.ping() == bare(Opcode::ping, {}));
    CHECK(browser.tells(next.substr(8)).messages == Strings{"next"});
}

TEST_CASE("Sessions of one worker do not disturb each other, nor does the end of one", "[websocket]")
{
    net::web::Completions completions;
    auto one = std::make_unique<Session>(completions);
    Session other{completions};
    const auto half = masked(Opcode::text, "first").substr(0, 8);
    for (auto* session : {one.get(), &other}) {
        REQUIRE_FALSE(session->next(web_handshake, {}, 1'000, longest_message).end);
        REQUIRE_FALSE(session->next(half, {}, 1'000, longest_message).message);
    }
    one.reset(); // its read waits for ever
    CHECK(other.next(masked(Opcode::text, "first").substr(8), {}, 1'000, longest_message).message == "first");
}
