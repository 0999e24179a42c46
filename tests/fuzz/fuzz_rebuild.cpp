// A message that was let in, written again for another party. Whatever it holds:
// - no header without a row leaves, nor one whose row drops it for that receiver;
// - no line can be smuggled into another one;
// - nothing of a header that no rule reads survives, and no word of the sender's in those that a rule reads;
// - nor one in a body that is built anew from what is known of it;
// - where the sender is leaves for who comes to help only, and refers to what leaves with it or is fetched in safety;
// - what was rebuilt once is of the canonical form: rebuilding it changes nothing.
#include "core/privacy/body.hpp"
#include "core/privacy/geolocation.hpp"
#include "core/privacy/outbound.hpp"
#include "fuzz/require.hpp"
#include "wire/parse.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <string>

using namespace sotto;
using fuzz::require;

namespace {

constexpr std::string_view canary = "zqCanaryzq";

/// Of the whole body, or of a part: nothing in a part looks like the delimiter before it.
bool has_location(const Body& body)
{
    const std::string line = "Content-Type: application/pidf+xml\r\n";
    constexpr std::string_view of_parts = ";boundary=";
    const auto at = body.content_type.find(of_parts);
    const auto delimiter =
        at == std::string::npos ? "\r\n" : "--" + body.content_type.substr(at + of_parts.size()) + "\r\n";
    return body.content_type == "application/pidf+xml" || !body.locations.empty() || !body.content_id.empty() ||
           (at == std::string::npos ? body.content.starts_with(delimiter + line)
                                    : body.content.find(delimiter + line) != std::string::npos);
}

/// What Sotto writes itself in each message; the rest comes from the source, as far as rows let it pass.
std::string rebuilt(const Message& source, Receiver receiver)
{
    auto out = source.is_request ? Outbound::request(source.method, "sip:bob@example.org", receiver)
                                 : Outbound::response(source.status, receiver);
    out.from(source);
    out.set(Header::via, "SIP/2.0/TLS example.org;branch=z9hG4bK1");
    if (source.is_request) out.set(Header::max_forwards, "29");
    out.set(Header::from, "<sip:alice@example.org>;tag=1").set(Header::to, "<sip:bob@example.org>");
    out.set(Header::call_id, "1").set(Header::cseq, "1 " + std::string{name_of(source.method)});
    const BodyPolicy policy{.sdp = {.session_id = 1},
                            .location = receiver == Receiver::emergency,
                            .withheld = receiver == Receiver::peer,
                            .method = source.method};
    const auto body = minimise_body(source, policy);
    if (body && !body->content.empty()) {
        require(receiver == Receiver::emergency || !has_location(*body),
                "where the sender is goes to who comes to help");
        out.body(body->content_type, body->content);
        if (!body->content_id.empty()) out.set(Header::content_id, body->content_id);
    }
    if (receiver == Receiver::emergency) {
        const auto where = geolocation(source, body ? body->locations : std::vector<std::string>{});
        if (!where.empty()) out.set(Header::geolocation, where);
    }
    return out.write();
}

std::string_view head_of(std::string_view bytes) { return bytes.substr(0, bytes.find("\r\n\r\n") + 2); }

/// Every word in such a body is one of ours. A session description has names of its sender's (tests/fuzz/fuzz_sdp.cpp).
bool of_our_words(std::string_view head)
{
    constexpr std::array types{"message/sipfrag", "application/dtmf-relay", "application/dtmf",
                               "application/im-iscomposing+xml", "application/media_control+xml"};
    return std::ranges::any_of(types, [&](const std::string& type) {
        return head.find("\r\nContent-Type: " + type + "\r\n") != std::string_view::npos;
    });
}

/// Takes the Geolocation off a head. Its references are the sender's own, in a form of ours, or into this message.
std::string without_location(std::string head, std::string_view bytes)
{
    constexpr std::string_view name = "\r\nGeolocation: ";
    constexpr std::string_view into_the_body = "cid:";
    const auto at = head.find(name);
    if (at == std::string::npos) return head;
    const auto end = head.find("\r\n", at + name.size());
    for_each_element(
        std::string_view{head}.substr(at + name.size(), end - at - name.size()), [&](std::string_view one) {
            require(one.starts_with('<') && one.ends_with('>') && one.find_first_of("\" ") == std::string_view::npos,
                    "a reference is a URI and nothing else");
            const auto uri = one.substr(1, one.size() - 2);
            const bool inside = uri.starts_with(into_the_body);
            const auto called =
                "\r\nContent-ID: <" + std::string{uri.substr(std::min(uri.size(), into_the_body.size()))} + ">";
            require(!inside || bytes.find(called) != std::string_view::npos, "what it refers to leaves with it");
            require(inside || iequals(uri.substr(0, 6), "https:") || iequals(uri.substr(0, 5), "sips:") ||
                        iequals(uri.substr(0, 5), "pres:"),
                    "or is fetched over TLS or within SIP");
        });
    return head.erase(at, end - at);
}

/// Wherever the sender wrote it, a word that nobody knows leaves in text and in session descriptions only.
void check_words(std::string_view bytes, Receiver receiver)
{
    const auto emergency = receiver == Receiver::emergency;
    const auto head = without_location(std::string{head_of(bytes)}, bytes);
    require(emergency || head.size() == head_of(bytes).size(), "nor is it referred to for others");
    require(head.find(canary) == std::string_view::npos, "no word of the sender's is in a header");
    require(!of_our_words(head) || bytes.find(canary) == std::string_view::npos, "nor in a body that is built anew");
}

void check_lines(std::string_view bytes, bool is_request, Receiver receiver)
{
    auto head = head_of(bytes);
    head.remove_prefix(head.find("\r\n") + 2); // the start line
    while (!head.empty()) {
        const auto line = head.substr(0, head.find("\r\n"));
        head.remove_prefix(line.size() + 2);
        for (const char c : line) require(static_cast<unsigned char>(c) >= ' ' && c != '\x7F', "a line is one line");
        const auto name = header_of(line.substr(0, line.find(':')));
        require(name.has_value(), "only known headers leave");
        bool admitted = false;
        for (const auto& rule : header_rules())
            admitted |= rule.header == *name && rule.treatment(is_request, receiver) != Treatment::drop;
        require(admitted, "only headers with a row for this receiver leave");
    }
}

void check(const Message& source, Receiver receiver)
{
    const auto once = rebuilt(source, receiver);
    check_lines(once, source.is_request, receiver);
    check_words(once, receiver);
    const auto again = wire::parse(once);
    require(again != nullptr, "what leaves is a message");
    if (again->defect == Refusal::header_too_large) return; // a list may be longer in its canonical form
    require(!again->defect, "what leaves has no defect");
    require(rebuilt(*again, receiver) == once, "rebuilding changes nothing");
}

} // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***)
{
    wire::initialise();
    return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    // Headers that no rule reads, in front of all others and behind them.
    std::string bytes{reinterpret_cast<const char*>(data), size};
    const std::string unread = "X-Canary: " + std::string{canary} + "\r\nUser-Agent: " + std::string{canary} + "\r\n";
    const auto end = bytes.find("\r\n\r\n");
    if (end == std::string::npos) return 0;
    const bool named = bytes.find(canary) != std::string::npos;
    bytes.insert(end + 2, unread);
    bytes.insert(bytes.find("\r\n") + 2, unread);
    const auto message = wire::parse(bytes);
    if (!message || message->defect || message->method == Method::other) return 0;
    for (const auto receiver : {Receiver::subscriber, Receiver::peer, Receiver::gateway, Receiver::emergency}) {
        check(*message, receiver);
        require(named || rebuilt(*message, receiver).find(canary) == std::string::npos, "no unlisted header survives");
    }
    return 0;
}
