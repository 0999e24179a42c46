#include "core/privacy/allow_list.hpp"
#include "core/privacy/body_rules.hpp"
#include "element/requests.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <set>

using namespace sotto;
using namespace sotto::test;
using namespace std::string_literals;

// Bodies between subscribers: what of each type arrives. "canary" marks what must reach nobody.

namespace {

const std::string offer =
    "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
    "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n"
    "a=setup:actpass\r\n";
const std::string plain = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                          "m=audio 4000 RTP/AVP 0\r\n";

/// One element of DER (X.690 8.1); of BER without a length where `indefinite`.
std::string element(char tag, const std::string& content, bool indefinite = false)
{
    if (indefinite) return tag + "\x80"s + content + "\0\0"s;
    return tag + std::string(1, static_cast<char>(content.size())) + content;
}
const auto version = "\x02\x01\x00"s;
const auto algorithm = element('\x30', "\x06\x01\x2A"s);
const auto of_bob = element('\x80', "key of bob"s);     // a subject key identifier (RFC 5652 6.2.1)
const auto of_alice = element('\x80', "key of alice"s); // it names whoever calls
std::string by_key(const std::string& whose)
{
    return element('\x30', version + whose + algorithm + element('\x04', "k"));
}
/// RFC 5652 6.2.2: agreed between `originator`'s key and those of the recipients.
std::string by_agreement(const std::string& originator, const std::string& keys)
{
    return element('\xA1', version + element('\xA0', originator) + element('\xA1', element('\x04', "ukm")) + algorithm +
                               element('\x30', keys));
}
const auto a_key = element('\x30', element('\xA0', "key of bob"s) + element('\x04', "k"));
const auto ephemeral = element('\xA1', algorithm + element('\x03', "point"));

const auto sealed_content = element('\x30', element('\x06', "\x2A") + algorithm + element('\x80', "sealed"));

/// A ContentInfo (RFC 5652 3) of that type, for those recipients.
std::string cms(const std::string& type, const std::string& recipients, const std::string& before = {},
                const std::string& behind = {}, bool indefinite = false)
{
    const auto data = version + before + element('\x31', recipients, indefinite) + sealed_content + behind;
    return element('\x30', element('\x06', type) + element('\xA0', element('\x30', data, indefinite), indefinite),
                   indefinite);
}
const auto enveloped_data = "\x2A\x86\x48\x86\xF7\x0D\x01\x07\x03"s;
const auto auth_enveloped_data = "\x2A\x86\x48\x86\xF7\x0D\x01\x09\x10\x01\x17"s;
const auto enveloped = cms(enveloped_data, by_key(of_bob));
/// A ContentInfo of what is said to be EnvelopedData.
std::string within(const std::string& content)
{
    return element('\x30', element('\x06', enveloped_data) + element('\xA0', content));
}
const auto enveloped_content = element('\x30', version + element('\x31', by_key(of_bob)) + sealed_content);
const auto auth_enveloped = cms(auth_enveloped_data, by_key(of_bob), {}, element('\x04', "mac"));
const auto signed_data = cms("\x2A\x86\x48\x86\xF7\x0D\x01\x07\x02"s, {});

class Pair {
public:
    /// What arrives; empty when the sender is refused.
    std::string through(const std::string& method, const std::string& type, const std::string& body,
                        const std::string& headers = {})
    {
        alice.send(
            {.method = method, .to = "sip:bob@example.org", .headers = headers, .body = body, .content_type = type});
        if (!world.quiet(bob)) return world.receive(bob);
        refused = start_line(world.receive(alice.flow));
        return {};
    }
    static std::string body_of(const std::string& message) { return message.substr(message.find("\r\n\r\n") + 4); }

    World world;
    Sender alice{world, "alice"};
    FlowId bob{world.phone("bob")};
    std::string refused;
};

} // namespace

TEST_CASE("every type that may be announced has a rule, and the other way round", "[privacy]")
{
    std::set<std::string_view> ruled;
    for (const auto& rule : body_rules) ruled.insert(rule.type);
    const auto carried = carried_media_types();
    CHECK(ruled == std::set<std::string_view>(carried.begin(), carried.end()));
}

TEST_CASE("a multipart is built anew", "[privacy][rfc2046]")
{
    Pair pair;
    const auto message = pair.through(
        "INVITE", "multipart/mixed;boundary=canary;canary=1",
        "canary\r\n--canary\r\nContent-Type: application/sdp;canary=1\r\nContent-ID: <canary@canary>\r\n"
        "X-Canary: canary\r\n\r\n" +
            offer +
            "\r\n--canary\r\nContent-Type: application/canary+xml\r\n\r\n<canary/>\r\n--canary\r\n"
            "Content-Type: text/plain\r\n\r\ncanary\r\n--canary\r\nContent-Type: application/pkcs7-mime\r\n"
            "Content-Disposition: render;handling=optional;canary=1\r\n\r\n" +
            enveloped + "\r\n--canary--\r\ncanary",
        "MIME-Version: 1.0 (canary)\n");
    CHECK(message.find("canary") == std::string::npos);
    CHECK(header(message, "MIME-Version") == "1.0");
    CHECK(header(message, "Content-Type") == "multipart/mixed;boundary=sotto");
    const auto body = Pair::body_of(message);
    CHECK(body.starts_with("--sotto\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n"));
    CHECK(body.ends_with("\r\n--sotto\r\nContent-Type: application/pkcs7-mime;smime-type=enveloped-data\r\n"
                         "Content-Disposition: render;handling=optional\r\n\r\n" +
                         enveloped + "\r\n--sotto--\r\n"));
}

TEST_CASE("a part in another form than its own is not read, and so not carried", "[privacy][rfc2045]")
{
    Pair pair;
    for (const std::string coding : {"base64", "quoted-printable", "x-canary"}) {
        const auto body =
            "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: " + coding + "\r\n\r\nSGVsbG8=\r\n--b--\r\n";
        CHECK(pair.through("MESSAGE", "multipart/mixed;boundary=b", body).empty());
        CHECK(pair.refused.starts_with("SIP/2.0 415"));
    }
    const auto whole =
        pair.through("MESSAGE", "multipart/mixed;boundary=b",
                     "--b\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: 8Bit\r\n\r\nHello\r\n--b--\r\n");
    CHECK(Pair::body_of(whole) == "Hello");
}

TEST_CASE("tones have one spelling; only a long press is told from others", "[privacy]")
{
    Pair pair;
    const auto arrives = [&](const std::string& body) {
        return Pair::body_of(pair.through("MESSAGE", "application/dtmf-relay", body));
    };
    for (const auto* written : {"Signal=a\r\nDuration=160\r\n", "Signal= A\r\nDuration= 0250\r\n", "signal=A\n",
                                "Duration=100\r\nSignal=a\r\n", "Signal=A\r\nDuration=canary\r\n"})
        CHECK(arrives(written) == "Signal=A\r\nDuration=160\r\n");
    CHECK(arrives("Signal=*\r\nDuration=2900\r\n") == "Signal=*\r\nDuration=3000\r\n");
    CHECK(arrives("Signal=#\r\nDuration=4000000000\r\n") == "Signal=#\r\nDuration=10000\r\n");
    for (const auto& [number, key] :
         std::map<std::string, std::string>{{"10", "*"}, {"11", "#"}, {"12", "A"}, {"15", "D"}, {"16", "16"}})
        CHECK(arrives("Signal=" + number + "\r\n") == "Signal=" + key + "\r\nDuration=160\r\n");
    CHECK(pair.through("MESSAGE", "application/dtmf-relay", "Signal=17\r\nDuration=160\r\n").empty());
    CHECK(pair.refused.starts_with("SIP/2.0 400"));
}

TEST_CASE("a tone that is nothing but its key has one spelling, too", "[privacy]")
{
    Pair pair;
    const auto arrives = [&](const std::string& body) {
        const auto message = pair.through("MESSAGE", "application/dtmf;canary=1", body);
        if (!message.empty()) CHECK(header(message, "Content-Type") == "application/dtmf");
        return Pair::body_of(message);
    };
    const std::string keys = "0123456789*#ABCD";
    for (const char key : keys) CHECK(arrives({key}) == std::string{key});
    CHECK(arrives(" 5\r\n") == "5");
    CHECK(arrives("d") == "D");
    for (const auto& [number, key] :
         std::map<std::string, std::string>{{"10", "*"}, {"11", "#"}, {"12", "A"}, {"15", "D"}, {"16", "16"}})
        CHECK(arrives(number) == key);
    for (const auto* refused : {"17", "05", "1x", "x", "5 canary", "Signal=5", "55", "\r\n"}) {
        INFO(refused);
        CHECK(pair.through("MESSAGE", "application/dtmf", refused).empty());
        CHECK(pair.refused.starts_with("SIP/2.0 400"));
    }
}

TEST_CASE("one part that remains needs no multipart, and no MIME-Version", "[privacy]")
{
    Pair pair;
    const auto message = pair.through("INVITE", "multipart/mixed;boundary=b",
                                      "--b\r\nContent-Type: application/sdp\r\nContent-Disposition: session\r\n\r\n" +
                                          offer + "\r\n--b--\r\n");
    CHECK(header(message, "Content-Type") == "application/sdp");
    CHECK(header(message, "MIME-Version").empty());
}

TEST_CASE("a plain offer hides in no other type", "[privacy][keys]")
{
    Pair pair;
    for (const auto* type :
         {"text/plain", "message/cpim", "application/pkcs7-mime", "application/pkcs7-mime;smime-type=enveloped-data",
          "application/im-iscomposing+xml", "application/pkcs7-signature", "multipart/signed;boundary=b"}) {
        INFO(type);
        CHECK(pair.through("INVITE", type, plain).empty());
        CHECK((pair.refused.starts_with("SIP/2.0 415") || pair.refused.starts_with("SIP/2.0 488")));
    }
}

TEST_CASE("S/MIME in a call is encrypted, and not there where addresses must be hidden", "[privacy][rfc3261][23.2]")
{
    Pair pair;
    for (const auto& body : {enveloped, auth_enveloped}) {
        const auto message = pair.through("INVITE", "application/pkcs7-mime;name=canary.p7m", body);
        CHECK(Pair::body_of(message) == body);
        CHECK(message.find("canary") == std::string::npos);
    }
    CHECK(pair.through("INVITE", "application/pkcs7-mime;smime-type=signed-data", signed_data).empty());
    CHECK(pair.refused.starts_with("SIP/2.0 488"));
    CHECK(pair.through("INVITE", "application/pkcs7-mime", enveloped + plain).empty());
    CHECK(pair.refused.starts_with("SIP/2.0 488"));
    CHECK(pair.through("INVITE", "application/pkcs7-mime", enveloped, "Privacy: session\n").empty());
    CHECK(pair.refused.starts_with("SIP/2.0 488"));
    CHECK(Pair::body_of(pair.through("MESSAGE", "application/pkcs7-mime", enveloped, "Privacy: id;session\n")) ==
          enveloped);
}

TEST_CASE("S/MIME of a withheld sender names its receiver alone", "[privacy][rfc5652][6]")
{
    Pair pair;
    const auto arrives = [&](const std::string& body, const std::string& headers) {
        const auto message = pair.through("MESSAGE", "application/pkcs7-mime", body, headers);
        if (message.empty()) CHECK(pair.refused.starts_with("SIP/2.0 488"));
        return !message.empty();
    };
    const auto attribute = element('\xA1', element('\x30', "mail of alice"));
    const std::vector<std::string> names_alice{
        cms(enveloped_data, by_key(of_bob) + by_key(of_alice)), // she can read what she has sent, as is usual
        cms(enveloped_data, by_key(of_bob), element('\xA0', "certificate of alice")),
        cms(enveloped_data, by_agreement(of_alice, a_key)),
        cms(enveloped_data, by_agreement(ephemeral, a_key + a_key)),
        cms(enveloped_data, element('\xA2', version + of_alice)), // a key that both know by a name
        cms(enveloped_data, by_key(of_bob), {}, attribute),
        cms(auth_enveloped_data, by_key(of_bob), {}, attribute + element('\x04', "mac")),
        cms(enveloped_data, {}),
        cms(enveloped_data, by_key(of_bob) + by_key(of_alice), {}, {}, true),
        cms(enveloped_data, "\x30\x7F"),
        // What the standard does not have there, on each level.
        cms(enveloped_data, by_key(of_bob), {}, element('\x04', "alice")), // no MAC belongs there
        cms(auth_enveloped_data, by_key(of_bob), {}, element('\x04', "mac") + of_alice),
        cms(enveloped_data, by_key(of_bob + of_alice)),
        cms(enveloped_data, element('\x30', version + of_bob + algorithm + element('\x04', "k") + of_alice)),
        cms(enveloped_data, element('\x30', element('\x0C', "alice") + of_bob + algorithm + element('\x04', "k"))),
        cms(enveloped_data, by_agreement(ephemeral + of_alice, a_key)),
        cms(enveloped_data, by_agreement(element('\xA1', algorithm + element('\x03', "point") + of_alice), a_key)),
        cms(enveloped_data,
            by_agreement(ephemeral, element('\x30', element('\xA0', "key of bob") + element('\x04', "k") + of_alice))),
        cms(enveloped_data, element('\xA3', version + algorithm + element('\x04', "k") + of_alice)),
        within(element('\x30', version + element('\x31', by_key(of_bob)) +
                                   element('\x30', element('\x06', "\x2A") + algorithm + of_alice + of_alice))),
        within(element('\x30', element('\x0C', "alice") + element('\x31', by_key(of_bob)) + sealed_content)),
        within(enveloped_content + of_alice),
        element('\x30', element('\x06', enveloped_data) + element('\xA0', enveloped_content) + of_alice),
        cms(enveloped_data, by_key(of_bob), {}, {}, true) + of_alice + "\0\0"s,
    };
    for (std::size_t i = 0; i < names_alice.size(); ++i) {
        INFO(i);
        CHECK_FALSE(arrives(names_alice[i], "Privacy: id\n"));
        CHECK(arrives(names_alice[i], {}));
    }
    for (const auto& body : {enveloped, auth_enveloped, cms(enveloped_data, by_agreement(ephemeral, a_key)),
                             cms(enveloped_data, element('\xA3', version + algorithm + element('\x04', "k"))),
                             cms(enveloped_data, by_key(of_bob), {}, {}, true)})
        CHECK(arrives(body, "Privacy: id\n"));
    const auto deep = std::string(200, '\0').replace(0, 0, [] {
        std::string nested;
        for (int i = 0; i < 100; ++i) nested += "\x30\x80"s;
        return nested;
    }());
    CHECK_FALSE(arrives(cms(enveloped_data, by_key(of_bob) + deep, {}, {}, true), "Privacy: id\n"));
}

TEST_CASE("S/MIME in an answer names the caller alone where the callee withholds itself", "[privacy][rfc5652][6]")
{
    const auto arrives = [](const std::string& body, const std::string& privacy) {
        Pair pair;
        pair.alice.send({.to = "sip:bob@example.org"});
        pair.world.send(pair.bob,
                        response_to(pair.world.receive(pair.bob), "200 OK",
                                    privacy + "Contact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n"
                                              "Content-Type: application/pkcs7-mime\n"),
                        body);
        return start_line(pair.world.receive(pair.alice.flow)).starts_with("SIP/2.0 200");
    };
    const auto names_bob = cms(enveloped_data, by_key(of_alice) + by_key(of_bob));
    CHECK(arrives(names_bob, {}));
    CHECK_FALSE(arrives(names_bob, "Privacy: id\n"));
    CHECK(arrives(cms(enveloped_data, by_key(of_alice)), "Privacy: id\n"));
}

TEST_CASE("a signed text passes as it was signed, unless its sender is withheld", "[privacy][rfc8551]")
{
    Pair pair;
    const auto text = "Content-Type: text/plain\r\n\r\nhello"s;
    const auto body = [](const std::string& first) {
        return "canary\r\n--canary\r\n" + first +
               "\r\n--canary\r\nContent-Type: application/pkcs7-signature; name=canary.p7s\r\n"
               "Content-Description: canary\r\n\r\nMIIB\r\n--canary--\r\ncanary";
    };
    const auto type = "multipart/signed;boundary=canary;micalg=SHA-256;protocol=\"application/pkcs7-signature\""s;
    const auto message = pair.through("MESSAGE", type, body(text));
    CHECK(message.find("canary") == std::string::npos);
    CHECK(header(message, "Content-Type") ==
          "multipart/signed;protocol=\"application/pkcs7-signature\";micalg=sha-256;boundary=sotto");
    CHECK(Pair::body_of(message) == "--sotto\r\n" + text +
                                        "\r\n--sotto\r\nContent-Type: application/pkcs7-signature\r\n"
                                        "Content-Transfer-Encoding: base64\r\n\r\nMIIB\r\n--sotto--\r\n");
    CHECK(pair.through("MESSAGE", type, body("X-Canary: canary\r\n" + text)).empty());
    CHECK(pair.through("MESSAGE", type, body("Content-Type: application/sdp\r\n\r\n" + plain)).empty());
    CHECK(pair.through("MESSAGE", type, body(text), "Privacy: id\n").empty());
    CHECK(pair.refused.starts_with("SIP/2.0 488"));
}

TEST_CASE("of a CPIM message the text arrives, not who wrote it when", "[privacy][rfc3862]")
{
    Pair pair;
    const auto message =
        pair.through("MESSAGE", "message/cpim",
                     "From: Canary <im:canary@example.org>\r\nTo: <im:canary@example.org>\r\n"
                     "DateTime: 2026-11-25T10:00:00+01:00\r\nNS: imdn <urn:ietf:params:imdn>\r\n"
                     "imdn.Message-ID: canary\r\nSubject: canary\r\n\r\n"
                     "Content-Type: text/plain; charset=utf-8; canary=1\r\nContent-ID: <canary@canary>\r\n"
                     "\r\nHello",
                     "Privacy: id;user\n");
    CHECK(Pair::body_of(message) == "\r\nContent-Type: text/plain;charset=UTF-8\r\n\r\nHello");
    CHECK(lower(message).find("canary") == std::string::npos);
}

TEST_CASE("of XML that phones exchange, what it is there for is written anew", "[privacy][rfc3994][rfc5168]")
{
    Pair pair;
    const auto composing = Pair::body_of(pair.through(
        "MESSAGE", "application/im-iscomposing+xml",
        "<?xml version='1.0'?><!-- canary --><c:isComposing xmlns:c='urn:ietf:params:xml:ns:im-iscomposing' canary='1'>"
        "<c:state>active</c:state><c:lastactive>canary</c:lastactive><canary/></c:isComposing>"));
    CHECK(composing.find("<state>active</state>") != std::string::npos);
    CHECK(composing.find("canary") == std::string::npos);
    const auto picture = Pair::body_of(pair.through(
        "INVITE", "multipart/mixed;boundary=b",
        "--b\r\nContent-Type: application/sdp\r\n\r\n" + offer +
            "\r\n--b\r\nContent-Type: application/media_control+xml\r\n\r\n<!-- canary --><media_control><vc_primitive>"
            "<to_encoder><picture_fast_update canary='1'/></to_encoder></vc_primitive></media_control>\r\n--b--\r\n"));
    CHECK(picture.find("<picture_fast_update/>") != std::string::npos);
    CHECK(picture.find("canary") == std::string::npos);
    for (const auto* type : {"application/im-iscomposing+xml", "message/imdn+xml"}) {
        CHECK(pair.through("MESSAGE", type, "<canary/>").empty());
    }
}
