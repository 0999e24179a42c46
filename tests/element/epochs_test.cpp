// SEALING.md property 2: within a dialog the same value has the same token, and the call goes on, with a rotation of
// the keys between any two of its messages.
#include "element/requests.hpp"

#include <catch2/catch.hpp>

#include <functional>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr std::string_view offer = "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
                                   "m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\na=fingerprint:sha-256 "
                                   "AA:BB:CC:DD:EE:FF:00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
                                   "55:66:77:88:99\r\na=setup:actpass\r\na=rtpmap:0 PCMU/8000\r\n";

/// A phone's half of one dialog, as RFC 3261 12 has it.
struct Side {
    std::string name;
    FlowId flow;
    std::string call_id, local, remote, target; ///< local and remote with their tags
    std::string session{};                      ///< o= session id of the other side
    int cseq{100};
    int heard{0}; ///< the last CSeq number of the other side
};

std::string device(const Side& side) { return "sip:" + side.name + "-device@192.0.2.1:5555;transport=tls"; }
int number_of(const std::string& message) { return std::stoi(header(message, "CSeq")); }
std::string session_of(const std::string& message)
{
    const auto at = message.find("\r\no=- ");
    return at == message.npos ? std::string{} : message.substr(at + 6, message.find(' ', at + 6) - at - 6);
}

/// One call, message by message; `before` is told the number of each before it is sent.
class Ladder {
public:
    explicit Ladder(std::function<void(World&, int)> before) : before_{std::move(before)}
    {
        alice_ = {.name = "alice", .flow = world_.phone("alice")};
        bob_ = {.name = "bob", .flow = world_.phone("bob")};
    }

    /// Every kind of message that a dialog holds; returns how many there were.
    int run()
    {
        begins();
        // RFC 3262, RFC 3311: before the answer
        provisional("183 Session Progress", 1);
        prack(1);
        request(alice_, bob_, "UPDATE", offer);
        respond(bob_, alice_, "200 OK", offer);
        request(bob_, alice_, "UPDATE", offer);
        respond(alice_, bob_, "200 OK", offer);
        provisional("180 Ringing", 2);
        prack(2);
        answers();
        for (auto [one, other] : {std::pair{&alice_, &bob_}, std::pair{&bob_, &alice_}}) {
            request(*one, *other, "INVITE", offer);
            respond(*other, *one, "200 OK", offer);
            acknowledge(*one, *other, one->cseq);
            for (const auto* method : {"INFO", "MESSAGE", "OPTIONS"}) {
                request(*one, *other, method);
                respond(*other, *one, "200 OK");
            }
            request(*one, *other, "REFER", {}, "Refer-To: <sip:carol@example.org>\n");
            respond(*other, *one, "202 Accepted");
            request(*other, *one, "NOTIFY", "SIP/2.0 200 OK\r\n",
                    "Event: refer\nSubscription-State: terminated;reason=noresource\n", "message/sipfrag");
            respond(*one, *other, "200 OK");
        }
        request(bob_, alice_, "BYE");
        respond(alice_, bob_, "200 OK");
        return sent_;
    }
    /// A call that is given up while it rings.
    int run_cancelled()
    {
        begins();
        provisional("180 Ringing", 0);
        send(alice_, "CANCEL sip:bob@example.org SIP/2.0\nVia: " + alice_via_ + "\nMax-Forwards: 70\nFrom: " +
                         alice_.local + "\nTo: <sip:bob@example.org>\nCall-ID: " + alice_.call_id +
                         "\nCSeq: " + std::to_string(alice_.cseq) + " CANCEL\n");
        CHECK(start_line(world_.receive(alice_.flow)) == "SIP/2.0 200 OK");
        const auto cancel = world_.receive(bob_.flow);
        CHECK(start_line(cancel).starts_with("CANCEL "));
        for (const auto* name : {"Call-ID", "From", "To", "Via"}) CHECK(header(cancel, name) == header(invite_, name));
        send(bob_, response_to(cancel, "200 OK"));
        send(bob_, response_to(invite_, "487 Request Terminated"));
        const auto ack = world_.receive(bob_.flow);
        CHECK(start_line(ack).starts_with("ACK "));
        for (const auto* name : {"Call-ID", "From", "Via"}) CHECK(header(ack, name) == header(invite_, name));
        const auto ended = world_.receive(alice_.flow);
        CHECK(start_line(ended) == "SIP/2.0 487 Request Terminated");
        for (const auto& [name, value] : {std::pair{"Call-ID", alice_.call_id}, std::pair{"From", alice_.local}})
            CHECK(header(ended, name) == value);
        return sent_;
    }

private:
    void send(const Side& from, const std::string& text, std::string_view body = {})
    {
        before_(world_, ++sent_);
        world_.send(from.flow, text, body);
    }
    static std::string typed(std::string_view body, std::string_view type)
    {
        return body.empty() ? std::string{} : std::string{"Content-Type: "}.append(type).append("\n");
    }
    std::string fresh_via() { return "SIP/2.0/TLS host.invalid;branch=z9hG4bKladder" + std::to_string(++branches_); }

    void begins()
    {
        alice_.call_id = "call-of-alice@host.invalid";
        alice_.local = "<sip:alice@example.org>;tag=tag-of-alice";
        const auto text = [&](const std::string& credentials) {
            alice_via_ = fresh_via();
            return "INVITE sip:bob@example.org SIP/2.0\nVia: " + alice_via_ +
                   "\nMax-Forwards: 70\nFrom: " + alice_.local +
                   "\nTo: <sip:bob@example.org>\nCall-ID: " + alice_.call_id +
                   "\nCSeq: " + std::to_string(++alice_.cseq) + " INVITE\nSupported: 100rel\nContact: <" +
                   device(alice_) + ">\nContent-Type: application/sdp\n" + credentials;
        };
        send(alice_, text(""), offer);
        const auto challenge = world_.receive(alice_.flow);
        send(alice_, text(world_.credentials(challenge, "alice", "INVITE", "sip:bob@example.org")), offer);
        CHECK(start_line(world_.receive(alice_.flow)) == "SIP/2.0 100 Trying");
        invite_ = world_.receive(bob_.flow);
        REQUIRE(start_line(invite_).starts_with("INVITE "));
        bob_.call_id = header(invite_, "Call-ID");
        bob_.remote = header(invite_, "From");
        bob_.local = header(invite_, "To") + ";tag=answer";
        bob_.target = uri_in(header(invite_, "Contact"));
        bob_.heard = number_of(invite_);
        bob_.session = session_of(invite_);
        invited_ = alice_.cseq;
    }
    /// A response to the INVITE; what Alice learns of Bob in the first one must not change in any other.
    std::string to_invite(const std::string& status, const std::string& headers, std::string_view body)
    {
        send(bob_,
             response_to(invite_, status,
                         headers + "Contact: <" + device(bob_) + ">\n" + typed(body, "application/sdp")),
             body);
        auto response = world_.receive(alice_.flow);
        CHECK(start_line(response) == "SIP/2.0 " + status);
        CHECK(header(response, "Call-ID") == alice_.call_id);
        CHECK(header(response, "From") == alice_.local);
        CHECK(number_of(response) == invited_);
        if (alice_.remote.empty()) {
            alice_.remote = header(response, "To");
            alice_.target = uri_in(header(response, "Contact"));
        }
        CHECK(header(response, "To") == alice_.remote);
        CHECK(uri_in(header(response, "Contact")) == alice_.target);
        if (!body.empty()) same_session(alice_, response);
        return response;
    }
    void provisional(const std::string& status, int rseq)
    {
        const auto reliable = "Require: 100rel\nRSeq: " + std::to_string(rseq) + "\n";
        const auto response =
            to_invite(status, rseq > 0 ? reliable : std::string{}, rseq == 1 ? offer : std::string_view{});
        if (rseq == 0) return;
        const auto shown = std::stoul(header(response, "RSeq"));
        if (rseq > 1) CHECK(shown == rseq_ + 1);
        rseq_ = shown;
    }
    void prack(int rseq)
    {
        const auto prack = request(alice_, bob_, "PRACK", {},
                                   "RAck: " + std::to_string(rseq_) + " " + std::to_string(invited_) + " INVITE\n");
        CHECK(header(prack, "RAck") == std::to_string(rseq) + " " + header(invite_, "CSeq"));
        respond(bob_, alice_, "200 OK");
    }
    void answers()
    {
        to_invite("200 OK", {}, {});
        acknowledge(alice_, bob_, invited_);
    }
    void acknowledge(Side& one, Side& other, int cseq)
    {
        const auto number = std::to_string(cseq);
        send(one, "ACK " + one.target + " SIP/2.0\nVia: " + fresh_via() + "\nMax-Forwards: 70\nFrom: " + one.local +
                      "\nTo: " + one.remote + "\nCall-ID: " + one.call_id + "\nCSeq: " + number + " ACK\n");
        arrived(other, "ACK");
    }
    std::string arrived(Side& other, const std::string& method)
    {
        auto message = world_.receive(other.flow);
        if (start_line(message) == "SIP/2.0 100 Trying") message = world_.receive(other.flow);
        CHECK(start_line(message) == method + " " + device(other) + " SIP/2.0");
        CHECK(header(message, "Call-ID") == other.call_id);
        CHECK(header(message, "From") == other.remote);
        CHECK(header(message, "To") == other.local);
        if (const auto contact = header(message, "Contact"); !contact.empty()) CHECK(uri_in(contact) == other.target);
        return message;
    }
    void same_session(Side& side, const std::string& message)
    {
        if (side.session.empty()) side.session = session_of(message);
        CHECK(session_of(message) == side.session);
    }
    std::string request(Side& one, Side& other, const std::string& method, std::string_view body = {},
                        const std::string& headers = {}, std::string_view type = "application/sdp")
    {
        const auto number = std::to_string(++one.cseq);
        const bool contact = method != "BYE" && method != "PRACK" && method != "INFO" && method != "MESSAGE";
        send(one,
             method + " " + one.target + " SIP/2.0\nVia: " + fresh_via() + "\nMax-Forwards: 70\nFrom: " + one.local +
                 "\nTo: " + one.remote + "\nCall-ID: " + one.call_id + "\nCSeq: " + number + " " + method + "\n" +
                 (contact ? "Contact: <" + device(one) + ">\n" : std::string{}) + headers + typed(body, type),
             body);
        last_ = arrived(other, method);
        CHECK(number_of(last_) > other.heard);
        other.heard = number_of(last_);
        if (type == "application/sdp" && !body.empty()) same_session(other, last_);
        return last_;
    }
    void respond(Side& one, Side& other, const std::string& status, std::string_view body = {})
    {
        const auto method = header(last_, "CSeq").substr(header(last_, "CSeq").find(' ') + 1);
        const bool contact = method == "INVITE" || method == "UPDATE" || method == "REFER";
        send(one,
             response_to(last_, status,
                         (contact ? "Contact: <" + device(one) + ">\n" : std::string{}) +
                             typed(body, "application/sdp")),
             body);
        auto response = world_.receive(other.flow);
        if (start_line(response) == "SIP/2.0 100 Trying") response = world_.receive(other.flow);
        CHECK(start_line(response) == "SIP/2.0 " + status);
        CHECK(header(response, "Call-ID") == other.call_id);
        CHECK(header(response, "From") == other.local);
        CHECK(header(response, "To") == other.remote);
        CHECK(header(response, "CSeq") == std::to_string(other.cseq) + " " + method);
        if (contact) CHECK(uri_in(header(response, "Contact")) == other.target);
        if (!body.empty()) same_session(other, response);
    }

    World world_;
    std::function<void(World&, int)> before_;
    Side alice_, bob_;
    std::string alice_via_, invite_, last_;
    unsigned long rseq_{0};
    int sent_{0}, branches_{0}, invited_{0}; ///< of the INVITE: its CSeq number
};

} // namespace

TEST_CASE("a call goes on with a rotation of the keys between any two of its messages", "[sealing][property-2]")
{
    const auto hour = std::chrono::hours{1};
    const auto count = Ladder{[](World&, int) {}}.run();
    CHECK(count > 40);
    for (int place = 1; place <= count; ++place) {
        INFO("before message " << place);
        CHECK(Ladder{[&](World& world, int number) {
                  if (number == place) REQUIRE(world.ring->rotate(world.now + hour));
              }}.run() == count);
    }
    // And as many as there can be before the longest dialog is over.
    auto at = hour;
    CHECK(Ladder{[&](World& world, int number) {
              if (number % 4 == 0 && at <= 12 * hour) REQUIRE(world.ring->rotate(world.now + at));
              if (number % 4 == 0) at += hour;
          }}.run() == count);
}

TEST_CASE("a call that is given up ends with a rotation of the keys between any two of its messages",
          "[sealing][property-2]")
{
    const auto count = Ladder{[](World&, int) {}}.run_cancelled();
    for (int place = 1; place <= count; ++place) {
        INFO("before message " << place);
        CHECK(Ladder{[&](World& world, int number) {
                  if (number == place) REQUIRE(world.ring->rotate(world.now + std::chrono::hours{1}));
              }}.run_cancelled() == count);
    }
}
