// A phone with several lines, or an edge with several phones, that comes back: who has registered there proves nothing
// for the others.
#include "element/dialogs.hpp"

#include <string>

using namespace sotto;
using namespace sotto::test;

namespace {

/// Alice is in a call with Bob, has lost her connection, and has another one that Carol alone has registered over.
struct BackAgain {
    World world{[] {
        auto settings = with_routes();
        settings.auth_failures_per_minute = 10;
        return settings;
    }()};
    FlowId bob{world.phone("bob")};
    Established call;
    FlowId flow;

    explicit BackAgain(bool edge = false, const std::string& extra = {})
    {
        const auto alice = world.phone("alice");
        dial(world, alice, {.uri = "sip:bob@example.org", .extra = extra});
        world.receive(alice); // 100
        call.invite = world.receive(bob);
        world.send(bob, answer(call.invite, "200 OK", contact));
        call.ok = world.receive(alice);
        world.send(alice, request_in(call.ok, "ACK", 2));
        world.receive(bob);
        world.disconnect(alice);
        flow = world.connect();
        const auto there = edge ? world.registers(flow, "carol",
                                                  {.contact = "<sip:carol-device@192.0.2.1>",
                                                   .extra = "Supported: path\nPath: <sip:t@edge.example.org;lr>\n",
                                                   .more_vias = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKp\n"})
                                : world.registers(flow, "carol", {.contact = "<sip:carol-device@192.0.2.1>"});
        REQUIRE(start_line(there) == "SIP/2.0 200 OK");
    }
    /// Of Alice's side, in whoever's name; what comes back.
    std::string asks(const std::string& method, int cseq, const std::string& user = "alice",
                     const std::string& extra = {})
    {
        return asks(request_in(call.ok, method, cseq, extra), user);
    }
    std::string asks(std::string request, const std::string& user)
    {
        const std::string own{"\"Alice\" <sip:alice@example.org>"};
        request.replace(request.find(own), own.size(),
                        "<sip:" + user + (user == "anonymous" ? "@anonymous.invalid>" : "@example.org>"));
        world.send(flow, request);
        return world.quiet(flow) ? std::string{} : world.receive(flow);
    }
    std::string proves(const std::string& challenge, const std::string& user, const std::string& method)
    {
        return world.credentials(challenge, user, method, uri_in(header(call.ok, "Contact")));
    }
    static std::string status(const std::string& response) { return response.empty() ? "" : response.substr(8, 3); }
};

} // namespace

TEST_CASE("a line that has not registered over its new connection proves who it is, and hangs up", "[rfc3261][22.3]")
{
    const bool edge = GENERATE(false, true);
    const std::string name = GENERATE("alice", "anonymous");
    CAPTURE(edge, name);
    BackAgain back{edge, name == "anonymous" ? "Privacy: id\n" : ""};
    const auto challenge = back.asks("BYE", 3, name);
    REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
    CHECK(back.world.quiet(back.bob));
    CHECK(back.asks("BYE", 4, name, back.proves(challenge, "alice", "BYE")).empty());
    const auto bye = back.world.receive(back.bob);
    CHECK(start_line(bye).starts_with("BYE "));
    back.world.send(back.bob, answer(bye, "200 OK"));
    CHECK(start_line(back.world.receive(back.flow)) == "SIP/2.0 200 OK");
    // It has ended, and she is known now; behind an edge, by her name alone.
    CHECK(BackAgain::status(back.asks("INFO", 5, name, back.proves(challenge, "alice", "INFO"))) == "481");
}

TEST_CASE("an INVITE inside a dialog that is challenged is acknowledged here", "[rfc3261][17.2.1][22.3]")
{
    BackAgain back;
    const auto challenge = back.asks("INVITE", 3, "alice", contact);
    REQUIRE(BackAgain::status(challenge) == "407");
    auto ack = request_in(back.call.ok, "ACK", 3);
    ack.replace(ack.find("z9hG4bKinACK"), 12, "z9hG4bKinINVITE"); // of its transaction
    back.world.send(back.flow, ack);
    CHECK(back.world.quiet(back.bob));
    CHECK(back.asks("INVITE", 4, "alice", contact + back.proves(challenge, "alice", "INVITE")).find(" 100 ") !=
          std::string::npos);
    CHECK(start_line(back.world.receive(back.bob)).starts_with("INVITE "));
}

TEST_CASE("inside a dialog everybody who is not proven is challenged alike, whether there is such an address or not",
          "[rfc3261][22.3][P10]")
{
    BackAgain back;
    back.world.accounts->add("dave", "example.org");
    int cseq = 3;
    std::size_t length = 0;
    for (const std::string name : {"dave", "eric"}) {
        const auto challenge = back.asks("BYE", cseq++, name);
        CHECK(BackAgain::status(challenge) == "407");
        CHECK((length == 0 || challenge.size() == length));
        length = challenge.size();
    }
    SECTION("whoever is proven, and is not in that dialog, hears at once that it is none of hers")
    {
        CHECK(BackAgain::status(back.asks("BYE", cseq, "carol")) == "481");
        auto no_token = request_in(back.call.ok, "BYE", cseq + 1);
        const auto target = uri_in(header(back.call.ok, "Contact"));
        no_token.replace(no_token.find(target), target.size(), "sip:bob@example.org");
        CHECK(BackAgain::status(back.asks(no_token, "carol")) == "481");
    }
    SECTION("so does somebody else who proves to be there")
    {
        const auto challenge = back.asks("BYE", cseq, "dave");
        CHECK(BackAgain::status(back.asks("BYE", cseq + 1, "dave", back.proves(challenge, "dave", "BYE"))) == "481");
        CHECK(BackAgain::status(back.asks("BYE", cseq + 2, "dave")) == "481");
    }
    CHECK(back.world.quiet(back.bob));
}

TEST_CASE("inside a dialog a password is guessed no faster than elsewhere", "[guessing]")
{
    BackAgain back;
    std::string heard;
    int tried = 0;
    for (int cseq = 3; BackAgain::status(heard) != "503" && tried < 30; ++tried) {
        auto guess = back.proves(back.asks("BYE", cseq++), "alice", "BYE");
        guess.replace(guess.find("response=\"") + 10, 4, "0000");
        heard = back.asks("BYE", cseq++, "alice", guess);
        if (!heard.empty()) continue;
        back.world.pass(seconds{2});
        heard = back.world.receive(back.flow);
    }
    CHECK(BackAgain::status(heard) == "503");
    CHECK(tried < 15);
    CHECK(back.world.quiet(back.bob));
}
