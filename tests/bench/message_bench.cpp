// What the daemon computes for a registration (REGISTER, 401, REGISTER, 200) and for a call (INVITE, 407, ACK, INVITE,
// 180, 200, ACK, BYE, 200 on both legs), from the bytes of a message to the bytes that go out, without TLS and system
// calls: processor time and allocations. Of a billed call, what the worker does, not the ledger. `instructions` runs it
// under callgrind.
//
//   message_bench register|call|billed COUNT
#include "element/world.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string_view>

namespace {
bool counting = false;
std::size_t allocations = 0;
} // namespace

// The daemon's allocator, with its `malloc` counted.
#define malloc uncounted_malloc
#include "os/allocator/wiping_allocator.cpp"
#undef malloc
extern "C" void* malloc(std::size_t size) noexcept
{
    if (counting) ++allocations;
    return uncounted_malloc(size);
}

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string offer =
    "v=0\r\no=- 4962303333179871722 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE a1\r\n"
    "m=audio 54609 UDP/TLS/RTP/SAVPF 109 0 8\r\nc=IN IP4 192.0.2.1\r\na=mid:a1\r\na=sendrecv\r\na=rtcp-mux\r\n"
    "a=ice-ufrag:074c6550\r\na=ice-pwd:a28a397a4c3f31747d1ee3474af08a068\r\na=setup:actpass\r\n"
    "a=fingerprint:sha-256 19:E2:1C:3B:4B:9F:81:E6:B8:5C:F4:A5:A8:D8:73:04:BB:05:2F:70:9F:04:A9:0E:05:E9:"
    "26:33:E8:70:88:A2\r\na=rtpmap:109 opus/48000/2\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=candidate:0 1 UDP 2122194687 192.0.2.1 54609 typ host\r\n"
    "a=candidate:1 1 UDP 1685987071 198.51.100.4 54609 typ srflx raddr 0.0.0.0 rport 0\r\n";
const std::string with_offer = "Content-Type: application/sdp\n";
const std::string capabilities =
    "Allow: PRACK, INVITE, ACK, BYE, CANCEL, UPDATE, INFO, NOTIFY, REFER, MESSAGE, OPTIONS\n"
    "Supported: replaces, 100rel, timer, norefersub, outbound, gruu\nUser-Agent: Telephone/1.6\n";

class Bench {
public:
    explicit Bench(bool billed) : world_{settings(billed)}, alice_{world_.phone("alice")}, bob_{world_.phone("bob")} {}

    void registration()
    {
        const auto one = [&](const std::string& credentials) {
            ++number_;
            send(alice_, "REGISTER sip:example.org SIP/2.0\n" + via() +
                             "From: <sip:alice@example.org>;tag=9fxced76sl\nTo: <sip:alice@example.org>\n"
                             "Call-ID: reg-alice\nCSeq: " +
                             std::to_string(number_) + " REGISTER\n" + contact(";reg-id=1") + "Expires: 600\n" +
                             capabilities + credentials);
            return world_.receive(alice_);
        };
        const auto challenge = one("");
        expect(one(world_.credentials(challenge, "alice", "REGISTER", "sip:example.org")), "SIP/2.0 200 OK");
    }

    void call()
    {
        const auto call_id = "3848276298220188511-" + std::to_string(++number_);
        const auto dialog = [&](const std::string& to, int cseq, const std::string& method) {
            return "From: \"Alice\" <sip:alice@example.org>;tag=9fxced76sl\nTo: " + to + "\nCall-ID: " + call_id +
                   "\nCSeq: " + std::to_string(cseq) + " " + method + "\n";
        };
        const auto invite = [&](int cseq, const std::string& credentials) {
            top_ = via();
            send(alice_,
                 "INVITE sip:bob@example.org SIP/2.0\n" + top_ + dialog("<sip:bob@example.org>", cseq, "INVITE") +
                     contact() + capabilities + credentials + with_offer,
                 offer);
            return world_.receive(alice_);
        };
        const auto challenge = invite(1, "");
        send(alice_, "ACK sip:bob@example.org SIP/2.0\n" + top_ + dialog(header(challenge, "To"), 1, "ACK"));
        expect(invite(2, world_.credentials(challenge, "alice", "INVITE", "sip:bob@example.org")),
               "SIP/2.0 100 Trying");
        const auto invited = world_.receive(bob_);
        send(bob_, response(invited, "180 Ringing"));
        expect(world_.receive(alice_), "SIP/2.0 180 Ringing");
        send(bob_, response(invited, "200 OK") + capabilities + with_offer, answer());
        counting = true;
        world_.record(true);
        counting = false;
        const auto ok = world_.receive(alice_);
        expect(ok, "SIP/2.0 200 OK");
        const auto target = uri_in(header(ok, "Contact"));
        send(alice_, "ACK " + target + " SIP/2.0\n" + via() + dialog(header(ok, "To"), 2, "ACK"));
        world_.receive(bob_);
        send(alice_, "BYE " + target + " SIP/2.0\n" + via() + dialog(header(ok, "To"), 3, "BYE"));
        send(bob_, response(world_.receive(bob_), "200 OK"));
        expect(world_.receive(alice_), "SIP/2.0 200 OK");
        world_.pass(seconds{40}); // the transactions of the INVITE end (RFC 6026)
    }

private:
    static CoreSettings settings(bool billed)
    {
        auto settings = World::defaults();
        if (billed) settings.billed_inside = {{.prefix = "bob", .tariff = {.name = "local"}}};
        settings.binding_lifetime = std::chrono::hours{1'000}; // calls are placed for longer than a binding lasts
        return settings;
    }
    static void expect(const std::string& message, std::string_view start)
    {
        if (start_line(message) == start) return;
        std::fprintf(stderr, "not what was expected:\n%s", message.c_str());
        std::exit(1);
    }

    void send(FlowId from, const std::string& text, const std::string& body = {})
    {
        std::string bytes;
        for (const char c : text) bytes += c == '\n' ? std::string{"\r\n"} : std::string{c};
        bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
        counting = true;
        world_.deliver(from, bytes);
        counting = false;
    }

    std::string via()
    {
        return "Via: SIP/2.0/TLS 192.0.2.1:49152;rport;branch=z9hG4bKPjLkT9hS0uQnWq1vXcYb2dFe3g" +
               std::to_string(++branch_) + ";alias\nMax-Forwards: 70\n";
    }
    static std::string contact(const std::string& params = "")
    {
        return "Contact: <sip:alice-0x55d1@192.0.2.1:49152;transport=TLS;ob>" + params +
               ";+sip.instance=\"<urn:uuid:00000000-0000-1000-8000-000a95a0e128>\"\n";
    }
    static std::string response(const std::string& request, const std::string& status)
    {
        const auto to = header(request, "To");
        return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
               "\nTo: " + to + (tag_in(to).empty() ? ";tag=8321234356" : "") +
               "\nCall-ID: " + header(request, "Call-ID") + "\nCSeq: " + header(request, "CSeq") +
               "\nContact: <sip:bob-device@192.0.2.1:5555;transport=tls>\n";
    }
    static std::string answer()
    {
        auto text = offer;
        return text.replace(text.find("actpass"), 7, "active");
    }

    World world_;
    FlowId alice_, bob_;
    std::uint64_t number_{100};
    std::uint64_t branch_{1'000'000};
    std::string top_; ///< Via of the latest INVITE
};

} // namespace

int main(int argc, char** argv)
{
    constexpr std::array<std::string_view, 3> works{"register", "call", "billed"};
    if (argc != 3 || std::ranges::count(works, argv[1]) == 0) {
        std::fputs("message_bench register|call|billed COUNT\n", stderr);
        return 2;
    }
    const bool registers = argv[1] == works[0];
    const int rounds = std::atoi(argv[2]);
    Bench bench{argv[1] == works[2]};
    const auto run = [&](int times) {
        for (int i = 0; i < times; ++i) registers ? bench.registration() : bench.call();
    };
    run(10);
    allocations = 0;
    const auto start = std::clock();
    run(rounds);
    std::printf("%s: %.1f us with the phones' part, %.1f allocations without it\n", argv[1],
                static_cast<double>(std::clock() - start) * 1e6 / CLOCKS_PER_SEC / rounds,
                static_cast<double>(allocations) / rounds);
    return 0;
}
