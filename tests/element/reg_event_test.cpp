// RFC 3680: a phone is told what becomes of its own registration, and of nothing else.
#include "core/registrar/device.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace sotto;
using namespace sotto::test;

namespace {

std::string contact(int device, const std::string& extra = "")
{
    const auto n = std::to_string(device);
    return "<sip:bob-device" + n + "@192.0.2.1:5555;transport=tls>;+sip.instance=\"<urn:uuid:" + n + ">\"" + extra;
}

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

struct Subscriber {
    World world{};
    FlowId bob{world.connect()};
    int number{0};
    std::string to_tag{};
    std::string own{contact(1)};

    Subscriber() { world.registers(bob, "bob", {.contact = contact(1)}); }

    std::string text(const std::string& whom, const std::string& extra)
    {
        const auto n = std::to_string(++number);
        return "SUBSCRIBE sip:" + whom + "@example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKsub" + n +
               "\nMax-Forwards: 70\nFrom: <sip:bob@example.org>;tag=s\nTo: <sip:" + whom + "@example.org>" +
               (to_tag.empty() ? "" : ";tag=" + to_tag) + "\nCall-ID: subscription\nCSeq: " + n +
               " SUBSCRIBE\nContact: " + own + "\n" + extra;
    }
    std::string subscribes(const std::string& whom = "bob", const std::string& extra = "Event: reg\nExpires: 600\n")
    {
        world.send(bob, text(whom, extra));
        auto response = world.receive(bob);
        if (status(response) != "407") return response;
        world.send(bob,
                   text(whom, extra + world.credentials(response, "bob", "SUBSCRIBE", "sip:" + whom + "@example.org")));
        return world.receive(bob);
    }
    /// The next NOTIFY, answered.
    std::string notified(const std::string& answer = "200 OK")
    {
        auto notify = world.receive(bob);
        REQUIRE(start_line(notify).starts_with("NOTIFY "));
        world.send(bob, "SIP/2.0 " + answer + "\nVia: " + header(notify, "Via") + "\nFrom: " + header(notify, "From") +
                            "\nTo: " + header(notify, "To") + "\nCall-ID: " + header(notify, "Call-ID") +
                            "\nCSeq: " + header(notify, "CSeq") + "\n");
        return notify;
    }
    /// Subscribes and takes the first NOTIFY.
    std::string begins()
    {
        const auto ok = subscribes();
        REQUIRE(status(ok) == "200");
        to_tag = tag_in(header(ok, "To"));
        return notified();
    }
    BindingId device() { return world.location.snapshot_of(aor(), world.now).bindings.front().id; }
    AorKeys aor() { return aor_keys(world.accounts->find("bob", "example.org")->id, world.cryptography); }
};

} // namespace

TEST_CASE("a phone subscribes to its own registration and is told at once", "[rfc3680][4]")
{
    Subscriber subscriber;
    const auto ok = subscriber.subscribes();
    CHECK(status(ok) == "200");
    CHECK(header(ok, "Expires") == "600");
    CHECK(!header(ok, "Contact").empty());
    const auto notify = subscriber.notified();
    CHECK(start_line(notify) == "NOTIFY sip:bob-device1@192.0.2.1:5555;transport=tls SIP/2.0");
    CHECK(header(notify, "Event") == "reg");
    CHECK(header(notify, "Subscription-State") == "active;expires=600");
    CHECK(header(notify, "Content-Type") == "application/reginfo+xml");
    CHECK(header(notify, "Call-ID") == "subscription");
    CHECK(tag_in(header(notify, "To")) == "s");
    CHECK(tag_in(header(notify, "From")) == tag_in(header(ok, "To")));
    CHECK(notify.find("version=\"0\" state=\"full\"") != std::string::npos);
    CHECK(notify.find("aor=\"sip:bob@example.org\"") != std::string::npos);
    CHECK(notify.find("state=\"active\"") != std::string::npos);
    CHECK(notify.find("<uri>sip:bob-device1@192.0.2.1:5555;transport=tls</uri>") != std::string::npos);
    CHECK(notify.find("gr:temp-gruu") != std::string::npos); // RFC 5628
    CHECK(notify.find("gr:pub-gruu") == std::string::npos);
}

TEST_CASE("nobody subscribes to another, there or not, and to nothing else at all", "[rfc3680][P10]")
{
    Subscriber subscriber;
    subscriber.world.accounts->add("carol", "example.org");
    const auto known = subscriber.subscribes("carol");
    const auto unknown = subscriber.subscribes("nobody");
    CHECK(status(known) == "403");
    CHECK(start_line(unknown) == start_line(known));
    CHECK(known.size() == unknown.size() - 1); // "nobody" is longer
    for (const auto* event : {"presence", "message-summary", "dialog"}) {
        const auto refused = subscriber.subscribes("bob", std::string{"Event: "} + event + "\nExpires: 600\n");
        CHECK(status(refused) == "489");
        CHECK(header(refused, "Allow-Events") == "refer, reg");
    }
}

TEST_CASE("nor by the temporary GRUU of somebody else's phone in one's own Contact", "[rfc3680][rfc5627][P10]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    const auto carol = world.connect();
    world.accounts->add("carol", "example.org");
    const auto ok = world.registers(carol, "carol", {.contact = contact(7), .extra = "Supported: gruu\n"});
    const auto at = ok.find("temp-gruu=\"") + 11;
    REQUIRE(at != std::string::npos + 11);
    subscriber.own = "<" + ok.substr(at, ok.find('"', at) - at) + ">";
    subscriber.bob = world.connect(); // nothing is registered over it
    const auto notify = subscriber.begins();
    CHECK(notify.find("id=\"r\" state=\"terminated\"") != std::string::npos); // as if she were not there
    CHECK(notify.find("<contact") == std::string::npos);
    world.registers(carol, "carol", {.contact = "*", .extra = "Expires: 0\n"});
    CHECK(world.quiet(carol));
    CHECK(world.quiet(subscriber.bob));
}

TEST_CASE("other devices of the account do not show", "[rfc3680]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    world.registers(world.connect(), "bob", {.contact = contact(2), .call_id = "2"});
    CHECK(subscriber.begins().find("bob-device2") == std::string::npos);
    world.registers(world.connect(), "bob", {.contact = contact(3), .call_id = "3"});
    CHECK(world.quiet(subscriber.bob));
}

TEST_CASE("a phone that somebody else unregistered is told", "[rfc3680][5]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    subscriber.begins();
    SECTION("by Contact: * of another device")
    {
        world.registers(world.connect(), "bob", {.contact = "*", .extra = "Expires: 0\n", .call_id = "x"});
    }
    SECTION("by expiry")
    {
        world.pass(seconds{599});
        CHECK(world.quiet(subscriber.bob));
        world.pass(milliseconds{1000});
    }
    const auto notify = subscriber.notified();
    CHECK(notify.find("<registration aor=\"sip:bob@example.org\" id=\"r\" state=\"terminated\">") != std::string::npos);
    CHECK(notify.find("<contact") == std::string::npos);
    CHECK(notify.find("version=\"1\"") != std::string::npos);
}

TEST_CASE("a subscription ends with its account, and nothing else does", "[rfc3680]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    subscriber.begins();
    world.accounts = std::make_shared<Accounts>(); // an operator has removed it
    world.element.use(world.accounts);
    SECTION("when its phone goes") { world.disconnect(subscriber.bob); }
    SECTION("when its time is over")
    {
        world.pass(seconds{600});
        CHECK(world.quiet(subscriber.bob));
    }
    CHECK(status(world.registers(world.connect(), "carol", {.contact = contact(7)})) == "200");
}

TEST_CASE("its own refresh tells a phone nothing", "[rfc3680]")
{
    Subscriber subscriber;
    subscriber.begins();
    CHECK(status(subscriber.world.registers(subscriber.bob, "bob", {.contact = contact(1)})) == "200");
    CHECK(subscriber.world.quiet(subscriber.bob));
}

TEST_CASE("a new connection of the device is told, over itself", "[rfc3680][rfc5626]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    subscriber.begins();
    world.disconnect(subscriber.bob);
    subscriber.bob = world.connect();
    world.registers(subscriber.bob, "bob", {.contact = contact(1)});
    // The NOTIFY about the end of the old connection had nowhere to go: that ended the subscription (RFC 6665 4.2.2).
    CHECK(world.quiet(subscriber.bob));
    CHECK(status(subscriber.subscribes()) == "481");
}

TEST_CASE("a subscription is refreshed, ended and fetched", "[rfc6665][4]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    subscriber.begins();
    SECTION("refreshed")
    {
        world.pass(seconds{300});
        CHECK(status(subscriber.subscribes()) == "200");
        CHECK(header(subscriber.notified(), "Subscription-State") == "active;expires=600");
    }
    SECTION("ended by the phone")
    {
        CHECK(status(subscriber.subscribes("bob", "Event: reg\nExpires: 0\n")) == "200");
        CHECK(header(subscriber.notified(), "Subscription-State").starts_with("terminated"));
        CHECK(status(subscriber.subscribes()) == "481");
    }
    SECTION("ended by its time")
    {
        world.registers(subscriber.bob, "bob", {.contact = contact(1)});
        world.pass(seconds{400});
        world.registers(subscriber.bob, "bob", {.contact = contact(1)});
        world.pass(seconds{200});
        CHECK(header(subscriber.notified(), "Subscription-State").starts_with("terminated"));
        CHECK(status(subscriber.subscribes()) == "481");
    }
    SECTION("ended by an answer that refuses")
    {
        CHECK(status(subscriber.subscribes()) == "200");
        subscriber.notified("481 Call/Transaction Does Not Exist");
        CHECK(status(subscriber.subscribes()) == "481");
    }
    SECTION("not by somebody else")
    {
        const auto carol = world.connect();
        world.registers(carol, "carol", {.contact = "<sip:carol@192.0.2.9>", .call_id = "c"});
        world.send(carol, subscriber.text("bob", "Event: reg\nExpires: 0\n"));
        const auto challenge = world.receive(carol);
        world.send(carol, subscriber.text(
                              "bob", "Event: reg\nExpires: 0\n" +
                                         world.credentials(challenge, "carol", "SUBSCRIBE", "sip:bob@example.org")));
        CHECK(status(world.receive(carol)) == "481");
    }
}

TEST_CASE("however often an account subscribes, one registration sends few NOTIFYs, and the latest dialog goes on",
          "[rfc3680][limits]")
{
    Subscriber subscriber;
    auto& world = subscriber.world;
    world.settings->bindings_per_account = 4;
    for (int i = 0; i < 50; ++i) {
        subscriber.to_tag.clear();
        subscriber.begins();
    }
    world.registers(world.connect(), "bob", {.contact = "*", .extra = "Expires: 0\n", .call_id = "x"});
    std::vector<std::string> told;
    while (!world.quiet(subscriber.bob)) told.push_back(subscriber.notified());
    CHECK(told.size() == 8);
    CHECK(std::ranges::any_of(told,
                              [&](const auto& notify) { return tag_in(header(notify, "From")) == subscriber.to_tag; }));
    CHECK(status(subscriber.subscribes()) == "200"); // it is refreshed, as any other
}
