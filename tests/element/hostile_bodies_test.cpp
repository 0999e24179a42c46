// Bodies that are made to cost, or to make Sotto write what nobody reads.
#include "core/privacy/body.hpp"
#include "core/privacy/rebuilt_body.hpp"
#include "wire/parse.hpp"

#include <catch2/catch.hpp>

#include <ctime>
#include <string>
#include <vector>

using namespace sotto;
using namespace std::string_literals;

namespace {

constexpr std::size_t longest_boundary = 70; // RFC 2046 5.1.1

std::string repeat(const std::string& what, std::size_t size)
{
    std::string out;
    while (out.size() < size) out += what;
    return out;
}

std::string part(const std::string& type, const std::string& content)
{
    return "--b\r\nContent-Type: " + type + "\r\n\r\n" + content + "\r\n";
}

BodyResult minimised(const std::string& type, const std::string& body, const BodyPolicy& policy)
{
    wire::initialise();
    const auto message =
        wire::parse("MESSAGE sip:b@example.org SIP/2.0\r\nVia: SIP/2.0/TLS a.invalid;branch=z9hG4bK1\r\n"
                    "From: <sip:a@example.org>;tag=1\r\nTo: <sip:b@example.org>\r\nCall-ID: 1\r\nCSeq: 1 MESSAGE\r\n"
                    "Content-Type: " +
                    type + "\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(message);
    message->body = body; // longer than the connection lets in
    return minimise_body(*message, policy);
}

const BodyPolicy policy{.sdp = {.session_id = 1}, .method = Method::message};
const auto signed_text = "multipart/signed;boundary=b;micalg=sha-256"s;

std::string signed_with(const std::string& text)
{
    return part("text/plain", text) + part("application/pkcs7-signature", "MIIB") + "--b--\r\n";
}

std::string two_texts(const std::string& text)
{
    return part("text/plain", text) + part("text/plain", "y") + "--b--\r\n";
}

} // namespace

TEST_CASE("a boundary is in none of the parts, and no longer than a boundary may be", "[privacy][rfc2046][5.1.1]")
{
    const auto boundary_of = [](const BodyResult& body) {
        return body ? body->content_type.substr(body->content_type.find("boundary=") + 9) : std::string{};
    };
    for (const auto& [text, boundary] : std::vector<std::pair<std::string, std::string>>{
             {"--sott", "sotto"},
             {"-sotto", "sotto"},
             {"--sotto", "sotto-"},
             {"--sotto--", "sotto---"},
             {"--sotto---x --sotto- -----sotto----- --Sotto------", "sotto------"},
             {"--sotto--sotto---", "sotto----"},
             {"--sotto" + std::string(64, '-'), "sotto" + std::string(65, '-')}}) {
        INFO(text);
        CHECK(boundary_of(minimised("multipart/mixed;boundary=b", two_texts(text), policy)) == boundary);
        CHECK(boundary_of(minimised(signed_text, signed_with(text), policy)) == boundary);
        CHECK(boundary.size() <= longest_boundary);
    }
    for (const std::size_t dashes : {65U, 60'000U}) {
        const auto text = "--sotto" + std::string(dashes, '-');
        const auto mixed = minimised("multipart/mixed;boundary=b", two_texts(text), policy);
        REQUIRE(mixed.has_error());
        CHECK(mixed.error().refusal == Refusal::bad_body);
        const auto with_signature = minimised(signed_text, signed_with(text), policy);
        REQUIRE(with_signature.has_error());
        CHECK(with_signature.error().refusal == Refusal::bad_body);
    }
}

TEST_CASE("of XML only what is in a tag is one, and only as much is read as a phone writes", "[privacy][rfc3994]")
{
    const auto state = "<isComposing><state>active</state></isComposing>"s;
    CHECK_FALSE(rebuilt::composing(state).empty());
    CHECK_FALSE(rebuilt::composing(state + std::string(1'500, ' ')).empty());
    CHECK(rebuilt::composing(state + std::string(2'500, ' ')).empty());
    for (const auto* none :
         {"", "<", "<state", "<state>", "<<state>active</state>", "<isComposing <state", "state>active"})
        CHECK(rebuilt::composing(none).empty());
}

TEST_CASE("hostile bodies cost no more than their length", "[privacy][hostile][time]")
{
    constexpr std::size_t size = 250'000; // quadratic takes many seconds
    std::vector<std::pair<std::string, std::string>> hostile;
    const auto location = "application/pidf+xml"s;
    for (const auto& text : {"--sotto" + std::string(size, '-'), repeat("--sotto" + std::string(64, '-') + "z", size),
                             repeat("--sotto", size), std::string(size, '-'),
                             repeat("-z", size / 2) + "--sotto" + std::string(size / 2, '-')}) {
        hostile.emplace_back("multipart/mixed;boundary=b", two_texts(text));
        hostile.emplace_back("multipart/mixed;boundary=b",
                             repeat(part("text/plain", "y"), 200) + part(location, text) + "--b--\r\n");
        hostile.emplace_back(signed_text, signed_with(text));
    }
    const std::string longest(longest_boundary - 1, 'b');
    for (const auto& text : {repeat("\r\n--" + longest, size), repeat("\r\n", size), repeat("\r\n--", size)})
        hostile.emplace_back("multipart/mixed;boundary=" + longest + "c", "--" + longest + "c\r\n" + text);
    hostile.emplace_back("multipart/mixed;boundary=b", repeat("--b\r\n\r\n", size));
    hostile.emplace_back("multipart/mixed;boundary=b", "--b\r\n" + repeat("Content-ID: x\r\n", size) + "\r\n--b--");
    for (const auto* unit : {"<", "<x", "<state ", "<x>", ">", "<state>", "&", "<x:", "picture_fast_updat", "p"}) {
        const auto text = repeat(unit, size);
        for (const auto* type : {"application/im-iscomposing+xml", "application/media_control+xml"}) {
            hostile.emplace_back(type, text);
            hostile.emplace_back("message/cpim", "A: b\r\n\r\nContent-Type: "s + type + "\r\n\r\n" + text);
            hostile.emplace_back("multipart/mixed;boundary=b", part(type, text) + "--b--\r\n");
        }
    }
    for (const auto* line : {"Signal=5\r\n", "=\r\n", "\n", "Duration=1\n", " ", "Signal", "\r"})
        for (const auto* type : {"application/dtmf-relay", "application/dtmf", "message/sipfrag", "message/cpim"})
            hostile.emplace_back(type, repeat(line, size));
    // Elements of BER without a length, in each other and beside each other (X.690 8.1.3.6).
    const auto sealed = "\x06\x09\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03\xA0\x80"s;
    for (const auto& inside : {repeat("\x30\x80"s, size), repeat("\x30\x80\0\0"s, size), repeat("\x30\0"s, size),
                               "\x30\x80"s + repeat("\x31\x80\0\0"s, size),
                               "\x30\x80\x02\x01\0"s + repeat("\x31\x80"s, 20) + repeat("\x04\0"s, size),
                               "\x30\x80\x02\x01\0\x31\x80"s + repeat("\x30\0"s, size)})
        hostile.emplace_back("application/pkcs7-mime", "\x30\x80"s + sealed + inside + std::string(64, '\0'));

    auto withheld = policy;
    withheld.withheld = true;
    withheld.location = true;
    for (const auto& [type, body] : hostile) {
        INFO(type << ' ' << body.substr(0, 80));
        const auto begin = std::clock();
        for (const auto& p : {policy, withheld}) {
            const auto result = minimised(type, body, p);
            CHECK((!result || result->content.size() < body.size() + 10'000));
        }
        CHECK(std::clock() - begin < CLOCKS_PER_SEC);
    }
}
