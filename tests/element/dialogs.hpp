#pragma once
#include "element/routes.hpp"

namespace sotto::test {

/// Inside a dialog, from whoever has received `message` (a request, or the answer to its own).
inline std::string request_in(const std::string& message, const std::string& method, int cseq,
                              const std::string& extra = {})
{
    const bool called = start_line(message).starts_with("INVITE ");
    const auto own = called ? header(message, "To") + ";tag=g-tag" : header(message, "From");
    const auto others = called ? header(message, "From") : header(message, "To");
    const auto number = std::to_string(cseq);
    return method + " " + uri_in(header(message, "Contact")) +
           " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKin" + method + number +
           "\nMax-Forwards: 70\nFrom: " + own + "\nTo: " + others + "\nCall-ID: " + header(message, "Call-ID") +
           "\nCSeq: " + number + " " + method + "\n" + extra;
}

struct Established {
    std::string invite, ok;
};

/// Alice calls, and is answered with `ok`.
inline Established establish(World& world, FlowId alice, FlowId other, const std::string& uri,
                             const std::string& extra = {})
{
    dial(world, alice, {.uri = uri});
    REQUIRE(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
    Established call{world.receive(other), {}};
    world.send(other, answer(call.invite, "200 OK", extra + contact));
    call.ok = world.receive(alice);
    REQUIRE(start_line(call.ok) == "SIP/2.0 200 OK");
    world.send(alice, request_in(call.ok, "ACK", 2));
    REQUIRE(start_line(world.receive(other)).starts_with("ACK "));
    return call;
}

} // namespace sotto::test
