#pragma once
#include "element/requests.hpp"
#include "element/world.hpp"

#include <catch2/catch.hpp>

/// Alice's calls over a gateway that are billed, and those over it that nobody bills.
namespace sotto::test::billed_call {

inline constexpr std::string_view number = "+4930123456";
inline const std::string callee_contact = "sip:gw@192.0.2.9:5071;transport=tls";

inline CoreSettings billed()
{
    auto settings = World::defaults();
    settings.routes = {
        {.name = "carrier",
         .kind = Receiver::gateway,
         .prefixes = {"+4930"},
         .targets = {{"gw.example"}},
         .tariff = billing::Tariff{.name = "local", .route = "carrier", .hidden_digits = 3}},
        {.name = "free", .kind = Receiver::gateway, .prefixes = {"+49800"}, .targets = {{"gw.example"}}}};
    return settings;
}

inline std::string uri_of(std::string_view user) { return "sip:" + std::string{user} + "@example.org"; }

inline std::string invite(std::string_view callee, int cseq, const std::string& extra = "")
{
    const auto number_text = std::to_string(cseq);
    return "INVITE " + uri_of(callee) + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv" + number_text +
           "\nMax-Forwards: 70\nFrom: <sip:alice@example.org>;tag=a-tag\nTo: <" + uri_of(callee) +
           ">\nCall-ID: a-call-id\nCSeq: " + number_text +
           " INVITE\nContact: <sip:alice-device@192.0.2.1:5555;transport=tls>\n" + extra;
}

inline std::string answer(const std::string& request, const std::string& status, const std::string& extra = "")
{
    const auto to = header(request, "To");
    return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + to + (tag_in(to).empty() ? ";tag=b-tag" : "") + "\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\nContact: <" + callee_contact + ">\n" + extra;
}

inline std::string in_dialog(const std::string& method, const std::string& invite_at_callee)
{
    return method + " " + uri_in(header(invite_at_callee, "Contact")) +
           " SIP/2.0\nVia: SIP/2.0/TLS b.invalid;branch=z9hG4bK" + method +
           "\nMax-Forwards: 70\nFrom: " + header(invite_at_callee, "To") +
           ";tag=b-tag\nTo: " + header(invite_at_callee, "From") + "\nCall-ID: " + header(invite_at_callee, "Call-ID") +
           "\nCSeq: 7 " + method + "\n";
}

inline std::string bye(const std::string& invite_at_callee) { return in_dialog("BYE", invite_at_callee); }

inline std::string update(const std::string& invite_at_callee)
{
    return in_dialog("UPDATE", invite_at_callee) + "Contact: <" + callee_contact + ">\n";
}

struct Billed {
    World world{billed()};
    FlowId alice{world.phone("alice")};
    FlowId callee{world.domain("gw.example")};

    /// The INVITE at the callee; nothing when it was refused, which alice then was told.
    std::string call(std::string_view dialled, const std::string& extra = "")
    {
        world.send(alice, invite(dialled, 1, extra));
        const auto challenge = world.receive(alice);
        world.send(alice, "ACK " + uri_of(dialled) +
                              " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKinv1\nMax-Forwards: 70\n"
                              "From: <sip:alice@example.org>;tag=a-tag\nTo: " +
                              header(challenge, "To") + "\nCall-ID: a-call-id\nCSeq: 1 ACK\n");
        world.send(alice, invite(dialled, 2, extra + world.credentials(challenge, "alice", "INVITE", uri_of(dialled))));
        if (world.quiet(callee)) return {};
        CHECK(start_line(world.receive(alice)) == "SIP/2.0 100 Trying");
        return world.receive(callee);
    }
};

} // namespace sotto::test::billed_call
