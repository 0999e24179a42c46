// The key under which accounts and Call-IDs are known changes every day; nobody who is registered notices.
#include "core/registrar/device.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

constexpr std::chrono::hours day{24};
constexpr auto gruu = "Supported: gruu, outbound, path\n";

CoreSettings settings()
{
    auto settings = World::defaults();
    settings.binding_lifetime = seconds{3600};
    settings.push_providers = {"fcm"};
    settings.auth_failures_per_minute = 10;
    return settings;
}

std::string contact(const std::string& extra = "", const std::string& push = "")
{
    return "<sip:bob-device@192.0.2.1:5555;transport=tls" + push + ">;+sip.instance=\"<urn:uuid:1>\"" + extra;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

struct Rotation {
    World world{settings()};
    FlowId alice{world.connect()};
    FlowId bob{world.connect()};
    int number{0};

    Rotation()
    {
        world.pass(day - std::chrono::minutes{1});
        registers(alice, "alice", "<sip:alice-device@192.0.2.1>");
        CHECK(status(registers(bob, "bob", contact())) == "200");
    }
    void rotate()
    {
        world.pass(std::chrono::minutes{2});
        REQUIRE(world.hash_ring->rotate(world.now));
    }
    void destroy_old_key()
    {
        world.pass(std::chrono::minutes{61});
        REQUIRE(world.hash_ring->rotate(world.now));
    }
    std::string registers(FlowId flow, const std::string& user, const std::string& what)
    {
        return world.registers(flow, user, {.contact = what, .extra = gruu, .call_id = "reg-" + user});
    }
    /// Alice calls Bob.
    void calls(const std::string& uri = "sip:bob@example.org")
    {
        const auto invite = [&](const std::string& credentials) {
            const auto n = std::to_string(++number);
            return "INVITE " + uri + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKcall" + n +
                   "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a\nTo: <" + uri + ">\nCall-ID: call" + n +
                   "\nCSeq: " + n + " INVITE\nContact: <sip:alice-device@192.0.2.1>\n" + credentials;
        };
        while (!world.quiet(alice)) world.receive(alice);
        world.send(alice, invite(""));
        world.send(alice, invite(world.credentials(world.receive(alice), "alice", "INVITE", uri)));
        CHECK(status(world.receive(alice)) == "100");
    }
    bool rings() { return !world.quiet(bob) && start_line(world.receive(bob)).starts_with("INVITE "); }
    AorKeys keys(const std::string& user)
    {
        return aor_keys(world.accounts->find(user, "example.org")->id, world.cryptography);
    }
    Binding binding() { return world.location.snapshot_of(keys("bob"), world.now).bindings.at(0); }
};

std::string temp_gruu(const std::string& response)
{
    const auto value = header(response, "Contact");
    const auto from = value.find("temp-gruu=\"") + 11;
    return value.substr(from, value.find('"', from) - from);
}

} // namespace

TEST_CASE("a phone that has not refreshed yet is reached while the key rotates", "[rotation]")
{
    Rotation rotation;
    rotation.rotate();
    rotation.calls();
    CHECK(rotation.rings());
}

TEST_CASE("a refresh takes a binding to the new key, and it keeps its id, its series and its order", "[rotation]")
{
    Rotation rotation;
    auto& world = rotation.world;
    const auto first = temp_gruu(rotation.registers(rotation.bob, "bob", contact()));
    const auto before = rotation.binding();
    rotation.rotate();
    CHECK(rotation.keys("bob").rotating());
    CHECK(status(rotation.registers(rotation.bob, "bob", contact())) == "200");
    CHECK(world.location.size() == 2);
    const auto after = rotation.binding();
    CHECK(after.id == before.id);
    CHECK(after.gruu_series == before.gruu_series); // the Call-ID is known to be the same
    CHECK(after.call_id != before.call_id);
    CHECK(world.location.snapshot_of(rotation.keys("bob").before, world.now).bindings.empty());
    CHECK(world.location.snapshot_of(rotation.keys("bob").now, world.now).bindings.size() == 1);
    world.pass(std::chrono::minutes{30});
    rotation.registers(rotation.alice, "alice", "<sip:alice-device@192.0.2.1>");
    rotation.registers(rotation.bob, "bob", contact());
    world.pass(std::chrono::minutes{31});
    REQUIRE(world.hash_ring->rotate(world.now)); // the key of before is destroyed
    rotation.calls(first);
    CHECK(rotation.rings());
}

TEST_CASE("a CSeq that is over is refused across a rotation", "[rotation][rfc3261][10.3]")
{
    Rotation rotation;
    auto& world = rotation.world;
    rotation.rotate();
    const auto low = [&](const std::string& number, const std::string& credentials) {
        world.send(rotation.bob,
                   "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKlow" + number +
                       "\nMax-Forwards: 70\nFrom: <sip:bob@example.org>;tag=r\nTo: <sip:bob@example.org>\n"
                       "Call-ID: reg-bob\nCSeq: 1 REGISTER\nContact: " +
                       contact(";expires=0") + "\n" + credentials);
        return world.receive(rotation.bob);
    };
    const auto challenge = low("1", "");
    CHECK(status(low("2", world.credentials(challenge, "bob", "REGISTER", "sip:example.org"))) == "500");
    rotation.calls();
    CHECK(rotation.rings());
}

TEST_CASE("whoever unregisters while the key rotates is gone", "[rotation]")
{
    Rotation rotation;
    auto& world = rotation.world;
    rotation.rotate();
    const auto what = GENERATE(std::string{"*"}, contact(";expires=0"));
    world.registers(rotation.bob, "bob", {.contact = what, .extra = "Expires: 0\n", .call_id = "reg-bob"});
    rotation.calls();
    CHECK_FALSE(rotation.rings());
    CHECK(status(world.receive(rotation.alice)) == "480");
}

TEST_CASE("a phone that sleeps while the key rotates is woken", "[rotation][rfc8599]")
{
    Rotation rotation;
    auto& world = rotation.world;
    rotation.registers(rotation.bob, "bob", contact("", ";pn-provider=fcm;pn-prid=token"));
    world.disconnect(rotation.bob);
    rotation.rotate();
    rotation.calls();
    REQUIRE(world.woken.size() == 1);
    rotation.bob = world.connect();
    rotation.registers(rotation.bob, "bob", contact("", ";pn-provider=fcm;pn-prid=token"));
    CHECK(rotation.rings());
    CHECK(world.push.of(rotation.keys("bob").before, world.now).empty());
    CHECK(world.push.of(rotation.keys("bob"), world.now).size() == 1);
    CHECK(world.push.accounts() == 1);
}

TEST_CASE("an address that is nobody's has two keys as well, so that a look-up takes as long", "[rotation][P10]")
{
    Rotation rotation;
    auto& cryptography = rotation.world.cryptography;
    CHECK_FALSE(nobodys_keys("nobody@example.org", cryptography).rotating());
    rotation.rotate();
    CHECK(nobodys_keys("nobody@example.org", cryptography).rotating());
    rotation.destroy_old_key();
    CHECK_FALSE(nobodys_keys("nobody@example.org", cryptography).rotating());
}
