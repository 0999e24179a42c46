#include "element/requests.hpp"
#include "element/world.hpp"

#include "core/privacy/dialog_seal.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <cstring>

using namespace sotto;
using namespace sotto::test;

namespace {

/// As long as those of a caller behind another Sotto: they do not fit into a token.
const std::string call_id = std::string(150, 'c') + "@secret-host";
const std::string tag = std::string(99, 't');

/// A request of alice's for bob, past the challenge.
void sends(World& world, FlowId alice, const std::string& method)
{
    const auto request = [&](const std::string& cseq, const std::string& extra) {
        return method + " sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + method + cseq +
               "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=" + tag +
               "\nTo: <sip:bob@example.org>\nCall-ID: " + call_id + "\nCSeq: " + cseq + " " + method + "\n" +
               (method == "INVITE" ? "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" : "") + extra;
    };
    world.send(alice, request("1", {}));
    const auto challenge = world.receive(alice);
    world.send(alice, request("2", world.credentials(challenge, "alice", method, "sip:bob@example.org")));
}

/// The memory's name for the Call-ID in a request that bob has received.
BindingId kept_as(World& world, const std::string& request)
{
    const auto bob = holder_of(world.accounts->find("bob", "example.org")->id, world.cryptography);
    const auto opened = world.sealer.open(SealKind::call_id, header(request, "Call-ID"), Role::caller, bob);
    REQUIRE(opened);
    std::array<std::uint8_t, sizeof(BindingId::value)> raw{};
    REQUIRE(from_base64url(std::string_view{opened->value}.substr(1), raw));
    BindingId id;
    std::memcpy(&id.value, raw.data(), raw.size());
    return id;
}

} // namespace

TEST_CASE("a fork that ends leaves the long Call-ID and tag to the one that was answered", "[seal]")
{
    World world;
    const auto alice = world.phone("alice");
    world.accounts->add("bob", "example.org");
    std::vector<FlowId> phones;
    for (const auto* name : {"desk", "mobile"}) {
        phones.push_back(world.connect());
        world.registers(phones.back(), "bob",
                        {.contact = std::string{"<sip:"} + name + "@192.0.2.1>", .call_id = name});
    }
    sends(world, alice, "INVITE");
    CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    const std::vector<std::string> invites{world.receive(phones[0]), world.receive(phones[1])};
    for (const auto phone : {0U, 1U}) {
        world.send(phones[phone], response_to(invites[phone], "180 Ringing", "Contact: <sip:bob@192.0.2.1>\n"));
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 180 Ringing");
    }
    world.send(phones[0], response_to(invites[0], "200 OK", "Contact: <sip:desk@192.0.2.1>\n"));
    const auto ok = world.receive(alice);
    world.send(alice, "ACK " + uri_in(header(ok, "Contact")) +
                          " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKack\nMax-Forwards: 70\n"
                          "From: <sip:alice@example.org>;tag=" +
                          tag + "\nTo: " + header(ok, "To") + "\nCall-ID: " + call_id + "\nCSeq: 2 ACK\n");
    CHECK(start_line(world.receive(phones[0])).starts_with("ACK "));
    CHECK(start_line(world.receive(phones[1])).starts_with("CANCEL "));
    world.send(phones[1], response_to(invites[1], "487 Request Terminated"));

    world.send(phones[0], "BYE " + uri_in(header(invites[0], "Contact")) +
                              " SIP/2.0\nVia: SIP/2.0/TLS b.invalid;branch=z9hG4bKbye\nMax-Forwards: 70\nFrom: " +
                              header(invites[0], "To") + ";tag=answer\nTo: " + header(invites[0], "From") +
                              "\nCall-ID: " + header(invites[0], "Call-ID") + "\nCSeq: 7 BYE\n");
    const auto bye = world.receive(alice);
    CHECK(start_line(bye).starts_with("BYE "));
    CHECK(header(bye, "Call-ID") == call_id);
    CHECK(tag_in(header(bye, "To")) == tag);
}

TEST_CASE("of a MESSAGE no long Call-ID or tag is kept, as nothing names it again", "[seal][rfc3428]")
{
    World world;
    const auto alice = world.phone("alice");
    const auto bob = world.phone("bob");
    sends(world, alice, "MESSAGE");
    const auto message = world.receive(bob);
    CHECK_FALSE(world.dialogs.text(kept_as(world, message)));
    world.send(bob, response_to(message, "200 OK"));
    const auto ok = world.receive(alice);
    CHECK(start_line(ok) == "SIP/2.0 200 OK");
    CHECK(header(ok, "Call-ID") == call_id);

    sends(world, alice, "INVITE");
    CHECK(world.dialogs.text(kept_as(world, world.receive(bob))));
}
