// RFC 3261 10.3 and what a binding is known by.
#include "element/world.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

std::string status(const std::string& response) { return start_line(response).substr(8, 3); }

} // namespace

TEST_CASE("a phone without instance id is known by account and Contact user", "[registration]")
{
    World world;
    int call = 0;
    const auto registers = [&](const std::string& user, const std::string& contact, bool begins = true) {
        if (begins) ++call;
        CHECK(status(world.registers(world.connect(), user,
                                     {.contact = contact, .call_id = "call" + std::to_string(call)})) == "200");
        return world.location.size();
    };
    CHECK(registers("bob", "<sip:phone@192.0.2.1:5061;transport=tls>") == 1);
    CHECK(registers("bob", "<sip:phone@198.51.100.9:40312;transport=tls>", false) == 1); // it has moved
    CHECK(registers("bob", "<sip:desk@192.0.2.1:5061>") == 2);
    CHECK(registers("carol", "<sip:phone@192.0.2.1:5061>") == 3); // another account's
    CHECK(registers("bob", "<sip:phone@192.0.2.1>;+sip.instance=\"<urn:uuid:1>\"") == 4);
    CHECK(registers("bob", "<sip:other-name@192.0.2.1>;+sip.instance=\"<URN:UUID:1>\"") == 4); // RFC 5626 4.1
}

TEST_CASE("the lifetime is the shortest of asked, configured and the connection's", "[registration][rfc3261][10.3]")
{
    World world;
    const auto flow = world.connect();
    const auto granted = [&](const std::string& asked) {
        const auto contact =
            header(world.registers(flow, "bob", {.contact = "<sip:phone@192.0.2.1>", .extra = asked}), "Contact");
        return contact.substr(contact.find(";expires=") + 9);
    };
    CHECK(granted("") == "600");
    CHECK(granted("Expires: 7200\n") == "600");
    CHECK(granted("Expires: 61\n") == "61");
    world.pass(seconds{60});
    CHECK(world.location.size() == 1);
    world.pass(seconds{1});
    CHECK(world.location.size() == 0);
    granted("Expires: 600\n");
    world.disconnect(flow);
    CHECK(world.location.size() == 0);
}

TEST_CASE("a phone with sixteen lines asks for all of them at once, and has them", "[registration][rfc7616][3.3]")
{
    World world;
    const auto phone = world.connect();
    const auto line = [](int i) { return "line" + std::to_string(i); };
    const auto asks = [&](int i, int cseq, const std::string& credentials) {
        const auto user = line(i);
        const auto address = "<sip:" + user + "@example.org>";
        world.send(phone, "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + user +
                              std::to_string(cseq) + "\nMax-Forwards: 70\nFrom: " + address + ";tag=" + user +
                              "\nTo: " + address + "\nCall-ID: " + user + "\nCSeq: " + std::to_string(cseq) +
                              " REGISTER\nContact: <sip:" + user + "@192.0.2.1:5555;transport=tls>\n" + credentials);
    };
    constexpr int lines = 16;
    for (int i = 0; i < lines; ++i) {
        world.accounts->add(line(i), "example.org");
        asks(i, 1, {});
    }
    std::vector<std::string> credentials;
    for (int i = 0; i < lines; ++i)
        credentials.push_back(world.credentials(world.receive(phone), line(i), "REGISTER", "sip:example.org"));
    for (int i = 0; i < lines; ++i) {
        asks(i, 2, credentials[static_cast<std::size_t>(i)]);
        CHECK(status(world.receive(phone)) == "200");
    }
    CHECK(world.location.size() == lines);
}
