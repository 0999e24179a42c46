// A connection that many subscribers share (RFC 5626 5): what a request costs there.
#include "element/dialogs.hpp"

#include "core/privacy/dialog_seal.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace sotto;
using namespace sotto::test;

namespace {

/// Counts for how many holders a target token was tried.
class CountingSealer final : public Sealer {
public:
    explicit CountingSealer(Sealer& sealer) : sealer_{&sealer} {}

    [[nodiscard]] Epoch current_epoch() const override { return sealer_->current_epoch(); }
    [[nodiscard]] bool alive(Epoch epoch) const override { return sealer_->alive(epoch); }
    Salt fresh_salt() override { return sealer_->fresh_salt(); }
    std::string seal_target(const Target& target, Holder holder) override
    {
        return sealer_->seal_target(target, holder);
    }
    std::optional<Target> open_target(std::string_view token, Holder holder) override
    {
        ++tried;
        return sealer_->open_target(token, holder);
    }
    std::optional<std::string> seal(SealKind kind, Epoch epoch, Role role, Holder holder, Salt salt,
                                    std::string_view value) override
    {
        return sealer_->seal(kind, epoch, role, holder, salt, value);
    }
    std::optional<Opened> open(SealKind kind, std::string_view token, Role role, Holder holder) override
    {
        return sealer_->open(kind, token, role, holder);
    }
    DialogNumbers numbers(Epoch epoch, Salt salt, Role role) override { return sealer_->numbers(epoch, salt, role); }
    KeyedHash dialog_hash(Epoch epoch, Salt salt) override { return sealer_->dialog_hash(epoch, salt); }

    int tried{0};

private:
    Sealer* sealer_;
};

} // namespace

TEST_CASE("behind an edge a request inside a dialog is tried first with whom its From names", "[rfc5626][5]")
{
    World world;
    CountingSealer sealer{world.sealer};
    Element element{{.cryptography = &world.cryptography,
                     .sealer = &sealer,
                     .dialogs = &world.dialogs,
                     .anonymous_callers = &world.anonymous_callers,
                     .failures = &world.failures,
                     .peer_calls = &world.peer_calls,
                     .push = &world.push,
                     .ledger = &world.ledger},
                    world.settings,
                    world.accounts};
    Flow edge{.id = FlowId::of(0, 1)};
    edge.is_of_edge();
    for (int i = 0; i < 40; ++i) edge.authenticated_as(world.accounts->add("phone" + std::to_string(i), "example.org"));
    const auto bob = world.accounts->find("phone20", "example.org")->id;
    world.accounts->attach(bob, "bob", "example.org");
    world.accounts->add("elsewhere", "example.org");

    DialogSeal dialog{{sealer, world.cryptography, world.dialogs}, {}, holder_of(bob, world.cryptography)};
    std::string credentials;
    const auto goes_on = [&](const std::string& from) {
        std::string text{"BYE sip:" + dialog.target(Role::caller, {7}) + "@example.org SIP/2.0\r\n"};
        text += "Via: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\r\nMax-Forwards: 70\r\nFrom: <" + from + ">;tag=b\r\n";
        text += "To: <sip:alice@example.org>;tag=" + dialog.tag(Role::caller, {.value = "a"}) + "\r\n";
        text += credentials + "Call-ID: " + dialog.call_id("call") + "\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n";
        Actions actions;
        element.received(edge, wire::parse(text), world.now, actions);
        return std::ranges::any_of(actions, [](const Action& a) { return std::holds_alternative<Find>(a); });
    };
    SECTION("one of its addresses")
    {
        CHECK(goes_on(GENERATE("sip:phone20@example.org", "sip:bob@example.org")));
        CHECK(sealer.tried == 1);
    }
    SECTION("it is found by the name in the credentials, as an ACK repeats them (RFC 3261 13.2.2.4)")
    {
        credentials = "Proxy-Authorization: Digest username=\"phone20\", realm=\"example.org\", nonce=\"n\"\r\n";
        CHECK(goes_on(GENERATE("sip:phone30@example.org", "sip:elsewhere@example.org", "sip:nobody@example.org",
                               "sip:anonymous@anonymous.invalid")));
    }
    SECTION("what names nobody has the token tried for nobody")
    {
        CHECK_FALSE(goes_on(GENERATE("sip:phone30@example.org", "sip:elsewhere@example.org", "sip:nobody@example.org",
                                     "sip:anonymous@anonymous.invalid")));
        CHECK(sealer.tried <= 3);
    }
    SECTION("but not where it has not proved itself")
    {
        std::erase(edge.parties, Party{bob});
        CHECK_FALSE(goes_on("sip:bob@example.org"));
    }
}

namespace {

constexpr auto phones_via = "Via: SIP/2.0/TLS phone.invalid;branch=z9hG4bKphone\n";
constexpr auto edges_path = "Supported: path\nPath: <sip:t@edge.example.org;lr>\n";

/// Alice, behind an edge with Carol, is in a call that she has made as nobody, with Bob.
struct AnonymousCall {
    World world;
    FlowId bob{world.phone("bob")};
    FlowId edge{world.connect()};
    Established call;

    explicit AnonymousCall(bool connected_here = false)
    {
        if (!connected_here) registers({"carol", "alice", "dave"});
        world.accounts->add("alice", "example.org");
        const std::string uri{"sip:bob@example.org"};
        world.send(edge, invite(1, {}));
        world.send(edge, invite(2, world.credentials(world.receive(edge), "alice", "INVITE", uri)));
        REQUIRE(start_line(world.receive(edge)) == "SIP/2.0 100 Trying");
        call.invite = world.receive(bob);
        world.send(bob, answer(call.invite, "200 OK", contact));
        call.ok = world.receive(edge);
    }
    void registers(const std::vector<std::string>& users)
    {
        for (const auto& user : users)
            REQUIRE(start_line(world.registers(edge, user,
                                               {.contact = "<sip:" + user + "-device@192.0.2.1>",
                                                .extra = edges_path,
                                                .more_vias = phones_via})) == "SIP/2.0 200 OK");
    }
    static std::string invite(int cseq, const std::string& credentials)
    {
        const auto n = std::to_string(cseq);
        return "INVITE sip:bob@example.org SIP/2.0\nVia: SIP/2.0/TLS edge.invalid;branch=z9hG4bKcall" + n + "\n" +
               phones_via +
               "Max-Forwards: 70\nFrom: <sip:anonymous@anonymous.invalid>;tag=a\nTo: "
               "<sip:bob@example.org>\nCall-ID: call\nCSeq: " +
               n + " INVITE\nContact: <sip:alice-device@192.0.2.1>\nPrivacy: id\n" + credentials;
    }
    /// What Bob hears of it.
    std::string says(const std::string& method, int cseq, const std::string& credentials = {})
    {
        world.send(edge, request_in(call.ok, method, cseq, phones_via + credentials));
        return world.quiet(bob) ? std::string{} : start_line(world.receive(bob)).substr(0, method.size());
    }
};

} // namespace

TEST_CASE("who calls as nobody from behind an edge is known in its dialog", "[rfc3323][rfc5626][5]")
{
    AnonymousCall anonymous;
    CHECK(anonymous.says("ACK", 2) == "ACK");
    CHECK(anonymous.says("INFO", 3) == "INFO");
    CHECK(anonymous.says("BYE", 4) == "BYE");
}

TEST_CASE("who calls as nobody is noted for no more tags than a dialog may leave behind", "[rfc3323][growth]")
{
    AnonymousCall anonymous;
    auto& world = anonymous.world;
    world.send(anonymous.edge, AnonymousCall::invite(3, {}));
    const auto challenge = world.receive(anonymous.edge);
    world.send(anonymous.edge,
               AnonymousCall::invite(4, world.credentials(challenge, "alice", "INVITE", "sip:bob@example.org")));
    world.receive(anonymous.edge); // 100
    const auto invite = world.receive(anonymous.bob);
    const auto before = world.dialogs.size().texts;
    for (int i = 0; i < 400; ++i) {
        auto ringing = answer(invite, "180 Ringing", contact);
        const auto tag = tag_in(header(ringing, "To"));
        world.send(anonymous.bob,
                   ringing.replace(ringing.find(";tag=" + tag) + 5, tag.size(), "c" + std::to_string(i)));
        REQUIRE(start_line(world.receive(anonymous.edge)) == "SIP/2.0 180 Ringing");
    }
    CHECK(world.dialogs.size().texts - before < 300);
}

TEST_CASE("who called as nobody is known again over the edge's next connection", "[rfc3323][rfc5626][5]")
{
    AnonymousCall anonymous;
    CHECK(anonymous.says("ACK", 2) == "ACK");
    anonymous.world.disconnect(anonymous.edge);
    anonymous.edge = anonymous.world.connect();
    anonymous.registers({"dave", "alice", "carol"});
    CHECK(anonymous.says("BYE", 3) == "BYE");
}

TEST_CASE("who called as nobody before it came behind an edge is asked for its password once", "[rfc3323][rfc5626][5]")
{
    AnonymousCall anonymous{true};
    auto& world = anonymous.world;
    CHECK(anonymous.says("ACK", 2) == "ACK");
    world.disconnect(anonymous.edge);
    anonymous.edge = world.connect();
    anonymous.registers({"dave", "alice", "carol"});
    CHECK(anonymous.says("INFO", 3).empty());
    const auto challenge = world.receive(anonymous.edge);
    REQUIRE(start_line(challenge) == "SIP/2.0 407 Proxy Authentication Required");
    const auto uri = uri_in(header(anonymous.call.ok, "Contact"));
    CHECK(anonymous.says("INFO", 4, world.credentials(challenge, "alice", "INFO", uri)) == "INFO");
    CHECK(anonymous.says("BYE", 5) == "BYE");
}
