// Telephone systems that register like a phone and have proxies of their own: requests inside a dialog go to the
// Contact that the dialog has, along the proxies that stay in its way.
#include "element/dialogs.hpp"
#include "element/requests.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;

namespace {

const std::string extension = "sip:extension@10.0.0.7:5060;transport=tls";

} // namespace

TEST_CASE("a telephone system that calls as one of its extensions hears the answer over its new connection",
          "[rfc5626][4.5]")
{
    World world;
    Sender pbx{world, "bob"};
    const auto alice = world.phone("alice");
    pbx.send({.to = "sip:alice@example.org", .contact = extension});
    const auto invite = world.receive(alice);
    world.disconnect(pbx.flow);
    const auto again = world.phone("bob");
    const auto ok = answer(invite, "200 OK", "Contact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n");
    for (int copy = 0; copy < 2; ++copy) {
        world.send(alice, ok);
        CHECK(start_line(world.receive(again)) == "SIP/2.0 200 OK");
    }
}
