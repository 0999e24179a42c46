// The reader of ordinary forms beside the packaged grammar: what it reads, it reads as that does.
#include "wire/ordinary.hpp"

#include "wire/corpus.hpp"
#include "wire/grammar.hpp"
#include "wire/readers.hpp"

#include <catch2/catch.hpp>

#include <random>
#include <string>
#include <vector>

using namespace sotto;
using namespace std::string_literals;

namespace {

/// What may stand at one place of an element: mostly in its ordinary form.
struct Choice {
    std::vector<std::string> ordinary;
    std::vector<std::string> odd;
};

class Chance {
public:
    std::size_t below(std::size_t bound) { return std::uniform_int_distribution<std::size_t>{0, bound - 1}(bits_); }
    bool one_in(std::size_t many) { return below(many) == 0; }
    const std::string& of(const Choice& choice)
    {
        const auto& those = one_in(8) ? choice.odd : choice.ordinary;
        return those[below(those.size())];
    }
    std::string some(const Choice& choice)
    {
        std::string out;
        while (!one_in(2)) out += of(choice);
        return out;
    }

private:
    std::mt19937 bits_{1}; // NOLINT(cert-msc32-c,cert-msc51-cpp): the same texts each time
};

const Choice schemes{{"sip:", "sips:"}, {"SIP:", "tel:", "sip", "siP:", ""}};
const Choice users{{"", "alice@", "+49-30(1)@", "a&=+$@"},
                   {"a,b@", "%61@", "a:secret@", "a;b=c@", "a?b@", "a/b@", "a#@", "@"}};
const Choice hosts{{"example.org", "192.0.2.1", "[2001:db8::1]", "[:::]", "a_b", "-"},
                   {"[:]", "[2001:db8::g]", "[a", ""}};
const Choice ports{{"", ":5061", ":65535", ":05060"}, {":0", ":65536", ":", ":*", ": 5061", ":99999999999999999999"}};
const Choice uri_params{{";lr", ";transport=tls", ";gr=urn:uuid:f81d", ";x=[::1]/&+$"},
                        {";a=%61", ";a=", ";", ";=b", ";a=b@c", ";a=b#c", ";a?b=c", "; a", ";a=\"b\"", ";a^b", "?a=b"}};
const Choice displays{{"", "\"Alice\" ", "\"\"", "Alice ", "Alice B.\t", "\"A, <B>; C\"", "\"\xc3\xa9\""},
                      {"\"A \\\"\" ", "A,B ", "\"A", "\"A\" B ", "\xc3\xa9 "}};
const Choice params{{";tag=1", ";q=0.5", ";+sip.instance=\"<urn:uuid:f81d4fae>\"", ";x=\"a;b\"", ";x=\"\"", ";rport"},
                    {";x=\"a\\\"b\"", ";received=[::1]", ";x=", ";", ";x=\"a\"b", "; x", ";x =1"}};
const Choice protocols{{"SIP/2.0/TLS ", "SIP/2.0/WSS ", "SIP/2.0/x-y "},
                       {"SIP/2.0/TLS  ", "SIP / 2.0 / TLS ", "sip/2.0/tls ", "SIP/2.0/ ", "SIP/2.0/TLS\t"}};

std::string a_uri(Chance& chance)
{
    return chance.of(schemes) + chance.of(users) + chance.of(hosts) + chance.of(ports) + chance.some(uri_params);
}

std::string an_address(Chance& chance)
{
    if (chance.one_in(8)) return a_uri(chance) + chance.some(params);
    return chance.of(displays) + "<" + a_uri(chance) + ">" + chance.some(params);
}

std::string a_via(Chance& chance)
{
    return chance.of(protocols) + chance.of(hosts) + chance.of(ports) + chance.some(params);
}

/// As it is, or with one byte changed, taken out or put in.
std::string damaged(Chance& chance, std::string text)
{
    static const std::string bytes = "\"\\<>@:;=?,%/#[]() \t*aZ9.-_~^`{|}\x80\xff";
    if (text.empty() || chance.one_in(2)) return text;
    const auto at = chance.below(text.size());
    const char byte = bytes[chance.below(bytes.size())];
    switch (chance.below(3)) {
    case 0:
        text[at] = byte;
        break;
    case 1:
        text.erase(at, 1);
        break;
    default:
        text.insert(at, 1, byte);
    }
    return text;
}

} // namespace

TEST_CASE("what is read as ordinary is read the same by the packaged grammar")
{
    Chance chance;
    std::size_t uris = 0;
    std::size_t addresses = 0;
    std::size_t vias = 0;
    for (int i = 0; i < 60'000; ++i)
        for (const auto make : {a_uri, an_address, a_via}) {
            const auto text = damaged(chance, make(chance));
            if (!test::readers_agree(text)) FAIL_CHECK(text);
            uris += wire::ordinary_uri(text) ? 1 : 0;
            addresses += wire::ordinary_name_addr(text) ? 1 : 0;
            vias += wire::ordinary_via(text) ? 1 : 0;
        }
    // and there was something to compare
    CHECK(uris > 10'000);
    CHECK(addresses > 10'000);
    CHECK(vias > 10'000);
}

TEST_CASE("the lines of the torture messages are read the same by both", "[rfc4475][rfc5118]")
{
    for (const auto* const corpus : {&test::rfc4475(), &test::rfc5118()})
        for (const auto& sample : *corpus) {
            std::string text;
            for (const char c : sample.bytes) {
                if (static_cast<unsigned char>(c) >= 32 && c != 127) {
                    text += c;
                    continue;
                }
                const auto value = std::string_view{text}.substr(std::min(text.size(), text.find(':') + 1));
                for_each_element(value, [&](std::string_view one) { CHECK(test::readers_agree(one)); });
                text.clear();
            }
        }
}

TEST_CASE("what phones send is ordinary")
{
    for (const auto* const uri :
         {"sip:example.org", "sips:bob@example.org:5061;transport=tls;lr",
          "sip:+49301234@[2001:db8::1]:5061;user=phone;ob", "sip:d1.x_y~z@df7jal.invalid;gr=urn:uuid:f8"}) {
        CAPTURE(uri);
        CHECK(wire::ordinary_uri(uri));
    }
    for (const auto* const address :
         {"<sip:bob@example.org>", "\"Alice, <A>\" <sip:alice@example.org>;tag=9fx", "Alice B. <sips:a@b>;q=0.5",
          "<sip:a@192.0.2.1:5061;ob>;reg-id=1;+sip.instance=\"<urn:uuid:f81d4fae-7dec>\";expires=600"}) {
        CAPTURE(address);
        CHECK(wire::ordinary_name_addr(address));
    }
    for (const auto* const via :
         {"SIP/2.0/TLS c.example.org:5061;branch=z9hG4bK1;rport", "SIP/2.0/WSS df7.invalid;branch=z9hG4bKx",
          "SIP/2.0/TLS [2001:db8::9:1];branch=z9hG4bKas3"}) {
        CAPTURE(via);
        CHECK(wire::ordinary_via(via));
    }
}

TEST_CASE("a Call-ID is one word, or two with an @ between", "[rfc3261][20.8]")
{
    for (const auto* const good : {"1", "1@c", "a84b4c76e66710@pc33.example.com", "<:\\\"/[]?{}>()%", "f81d4fae-7dec"})
        CHECK(wire::Grammar::call_id(good));
    for (const auto* const bad : {"", "@", "@c", "1@", "1@c@d", "1 2", "1,2", "1;2", "1=2", "\xc3\xa9"})
        CHECK_FALSE(wire::Grammar::call_id(bad));
}
