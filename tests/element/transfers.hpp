#pragma once
#include "element/requests.hpp"
#include "element/routes.hpp"

#include <catch2/catch.hpp>

#include <cctype>
#include <tuple>

// Transfers (RFC 3515, 3891, 5589): three phones, two of which talk to the third.
namespace sotto::test {

/// A dialog as one of its parties knows it.
struct View {
    std::string call_id, local, remote, target;
    [[nodiscard]] std::string quoted(const std::string& of_target = "to-tag", const std::string& own = "from-tag") const
    {
        return call_id + ";" + of_target + "=" + tag_in(remote) + ";" + own + "=" + tag_in(local);
    }
};

inline std::string escaped(const std::string& text)
{
    std::string out;
    for (const char c : text) {
        constexpr std::string_view hex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0)
            out += c;
        else
            ((out += '%') += hex[byte >> 4U]) += hex[byte & 15U];
    }
    return out;
}
inline std::string unescaped(const std::string& text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i)
        if (text[i] != '%') {
            out += text[i];
        } else {
            out += static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16));
            i += 2;
        }
    return out;
}

inline std::string device(const std::string& name) { return "sip:" + name + "-device@192.0.2.1:5555;transport=tls"; }
inline std::string contact_of(const std::string& name) { return "Contact: <" + device(name) + ">\n"; }
inline std::string status(const std::string& message) { return start_line(message).substr(8, 3); }

/// Alice calls bob, bob calls carol: bob may transfer the one to the other.
struct Three {
    explicit Three(const std::string& of_alice) : Three{"bob", of_alice} {}
    /// `name`: as she dials bob.
    Three(const std::string& name, const std::string& of_alice)
    {
        std::tie(at_alice, at_bob) = call(alice, name, bob, of_alice);
    }

    World world;
    Sender alice{world, "alice"};
    Sender bob{world, "bob"};
    Sender carol{world, "carol"};
    View at_alice, at_bob, bob_to_carol, carol_to_bob;
    std::string invite, ok; ///< of the last call: as its callee and its caller got them
    int number{500};

    /// A call that is answered, as its caller and its callee know it.
    std::pair<View, View> call(Sender& one, const std::string& name, Sender& other, const std::string& headers = {})
    {
        one.send({.to = "sip:" + name + "@example.org", .headers = headers});
        return answered(one, name, other);
    }
    std::pair<View, View> answered(Sender& one, const std::string& name, Sender& other)
    {
        invite = world.receive(other.flow);
        REQUIRE(start_line(invite).starts_with("INVITE "));
        world.send(other.flow, response_to(invite, "200 OK", contact_of(name)));
        ok = world.receive(one.flow);
        REQUIRE(status(ok) == "200");
        return {View{header(ok, "Call-ID"), header(ok, "From"), header(ok, "To"), uri_in(header(ok, "Contact"))},
                View{header(invite, "Call-ID"), header(invite, "To") + ";tag=answer", header(invite, "From"),
                     uri_in(header(invite, "Contact"))}};
    }
    void request(Sender& from, const std::string& name, const View& view, const std::string& method,
                 const std::string& headers = {}, const std::string& body = {})
    {
        const auto n = std::to_string(++number);
        world.send(from.flow,
                   method + " " + view.target + " SIP/2.0\nVia: SIP/2.0/TLS h.invalid;branch=z9hG4bKin" + n +
                       "\nMax-Forwards: 70\nFrom: " + view.local + "\nTo: " + view.remote +
                       "\nCall-ID: " + view.call_id + "\nCSeq: " + n + " " + method + "\n" + contact_of(name) +
                       headers + (body.empty() ? "" : "Content-Type: application/sdp\n"),
                   body);
    }
    /// Bob refers carol; the URI and the headers in it that she is given.
    std::string refer(const std::string& refer_to)
    {
        if (bob_to_carol.target.empty()) std::tie(bob_to_carol, carol_to_bob) = call(bob, "carol", carol);
        return refer_in(bob_to_carol, carol, "carol", refer_to);
    }
    std::string to_alice() { return refer(at_bob.target); }
    /// Bob refers the other side of one of his calls. Empty: he is refused.
    std::string refer_in(const View& at_bobs, Sender& whom, const std::string& name, const std::string& refer_to)
    {
        request(bob, "bob", at_bobs, "REFER", "Refer-To: <" + refer_to + ">\n");
        if (world.quiet(whom.flow)) return {};
        const auto refer = world.receive(whom.flow);
        world.send(whom.flow, response_to(refer, "202 Accepted", contact_of(name)));
        CHECK(status(world.receive(bob.flow)) == "202");
        return uri_in(header(refer, "Refer-To"));
    }
};

inline const std::string withhold = "Privacy: id;session\n";

/// A temporary GRUU of a phone, without "sip:".
inline std::string temporary_gruu(World& world, FlowId phone, const std::string& user)
{
    const auto registered = world.registers(phone, user,
                                            {.contact = "<" + device(user) + ">;+sip.instance=\"<urn:uuid:1>\"",
                                             .extra = "Supported: gruu\n",
                                             .call_id = "gruu-of-" + user});
    auto gruu = header(registered, "Contact");
    gruu.erase(0, gruu.find("temp-gruu=\"sip:") + 15);
    gruu.erase(gruu.find('"'));
    REQUIRE(gruu.ends_with("@example.org;gr"));
    return gruu;
}

/// Alice calls bob without showing herself; he refers her to carol, who is his accomplice.
struct Referred : Three {
    explicit Referred(const std::string& name = "bob", const std::string& of_alice = {}) : Three{name, of_alice} {}

    /// The URI that she is given; empty: he is refused.
    std::string refers(const std::string& refer_to) { return refer_in(at_bob, alice, "alice", refer_to); }
    /// What reaches carol when alice's phone calls that, as phones do by themselves.
    std::string follows(const std::string& uri)
    {
        const auto at = std::min(uri.find('?'), uri.size());
        std::string headers;
        for (auto rest = uri.substr(std::min(at + 1, uri.size())); !rest.empty();) {
            const auto one = rest.substr(0, rest.find('&'));
            headers += unescaped(one.substr(0, one.find('='))) + ": " + unescaped(one.substr(one.find('=') + 1)) + "\n";
            rest.erase(0, one.size() + 1);
        }
        alice.send({.to = uri.substr(0, at), .headers = headers});
        return world.receive(carol.flow);
    }
};
inline const std::string nobody = "\"Anonymous\" <sip:anonymous@anonymous.invalid>";
inline std::string caller(const std::string& invite)
{
    return header(invite, "From").substr(0, header(invite, "From").find(";tag="));
}

} // namespace sotto::test
