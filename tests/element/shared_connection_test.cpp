// A connection that many subscribers share (RFC 5626 5): what a request costs there.
#include "element/world.hpp"

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
    const auto goes_on = [&](const std::string& from) {
        std::string text{"BYE sip:" + dialog.target(Role::caller, {7}) + "@example.org SIP/2.0\r\n"};
        text += "Via: SIP/2.0/TLS host.invalid;branch=z9hG4bKbye\r\nMax-Forwards: 70\r\nFrom: <" + from + ">;tag=b\r\n";
        text += "To: <sip:alice@example.org>;tag=" + dialog.tag(Role::caller, {.value = "a"}) + "\r\n";
        text += "Call-ID: " + dialog.call_id("call") + "\r\nCSeq: 5 BYE\r\nContent-Length: 0\r\n\r\n";
        Actions actions;
        element.received(edge, wire::parse(text), world.now, actions);
        return std::ranges::any_of(actions, [](const Action& a) { return std::holds_alternative<Find>(a); });
    };
    SECTION("one of its addresses")
    {
        CHECK(goes_on(GENERATE("sip:phone20@example.org", "sip:bob@example.org")));
        CHECK(sealer.tried == 1);
    }
    SECTION("it is found whatever stands there")
    {
        CHECK(goes_on(GENERATE("sip:phone30@example.org", "sip:elsewhere@example.org", "sip:nobody@example.org",
                               "sip:anonymous@anonymous.invalid")));
    }
    SECTION("but not where it has not proved itself")
    {
        std::erase(edge.parties, Party{bob});
        CHECK_FALSE(goes_on("sip:bob@example.org"));
    }
}
