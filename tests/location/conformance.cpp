#include "location/conformance.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

using namespace std::chrono_literals;

namespace sotto::test {

Binding example_binding(std::uint64_t id, FlowId flow, TimePoint expires)
{
    return {.id = BindingId{id},
            .account = AccountId{id},
            .flow = flow,
            .cseq = 1,
            .expires = expires,
            .contact = {std::string(88, static_cast<char>('a' + id % 26))}};
}

Located look_up(LocationService& service, AorKeys aor, TimePoint now)
{
    std::optional<Located> out;
    service.look_up(aor, now, [&](Located located) { out = std::move(located); });
    REQUIRE(out);
    return *std::move(out);
}

bool commit(LocationService& service, AorKeys aor, Located bindings, TimePoint now)
{
    std::optional<bool> out;
    service.commit(aor, std::move(bindings), now, [&](bool accepted) { out = accepted; });
    REQUIRE(out);
    return *out;
}

std::vector<Binding> find_all(LocationService& service, BindingId id, TimePoint now)
{
    std::optional<std::vector<Binding>> out;
    service.find(id, now, [&](std::vector<Binding> flows) { out = std::move(flows); });
    REQUIRE(out);
    return *std::move(out);
}

std::optional<Binding> find(LocationService& service, BindingId id, TimePoint now)
{
    auto flows = find_all(service, id, now);
    REQUIRE(flows.size() <= 1);
    return flows.empty() ? std::nullopt : std::optional{std::move(flows.front())};
}

void location_service_conforms(const std::function<std::unique_ptr<LocationService>()>& make)
{
    const auto owned = make();
    auto& service = *owned;
    const TimePoint start{1000s};
    const AorKey alice{{0x1111'0000'0000'0001, 1}};
    const AorKey bob{{0x2222'0000'0000'0002, 2}};
    const auto flow = FlowId::of(1, 7);
    const auto other_flow = FlowId::of(1, 8);

    const auto register_binding = [&](AorKey aor, Binding binding, TimePoint now) {
        auto located = look_up(service, aor, now);
        std::erase_if(located.bindings, [&](const auto& old) { return old.id == binding.id; });
        located.bindings.push_back(std::move(binding));
        REQUIRE(commit(service, aor, std::move(located), now));
    };

    SECTION("an unknown account has no bindings")
    {
        CHECK(look_up(service, alice, start).bindings.empty());
        CHECK_FALSE(find(service, BindingId{1}, start));
        CHECK(service.size() == 0);
    }

    SECTION("what is registered is found by account and by id, and only there")
    {
        register_binding(alice, example_binding(1, flow, start + 600s), start);
        const auto located = look_up(service, alice, start);
        REQUIRE(located.bindings.size() == 1);
        CHECK(located.bindings[0].id == BindingId{1});
        CHECK(located.bindings[0].flow == flow);
        CHECK(located.bindings[0].contact.bytes == std::string(88, 'b'));
        CHECK(look_up(service, bob, start).bindings.empty());
        const auto found = find(service, BindingId{1}, start);
        REQUIRE(found);
        CHECK(found->contact.bytes == std::string(88, 'b'));
        CHECK(found->expires == start + 600s);
        CHECK_FALSE(find(service, BindingId{2}, start));
        CHECK(service.size() == 1);
    }

    SECTION("contacts and paths of any length come back as they were given")
    {
        for (const std::size_t size : {0U, 1U, 15U, 16U, 95U, 96U, 97U, 255U, 256U, 2000U}) {
            auto binding = example_binding(1, flow, start + 600s);
            binding.contact.bytes = std::string(size, 'c');
            binding.path.bytes = std::string(size, 'p');
            register_binding(alice, std::move(binding), start);
            const auto found = find(service, BindingId{1}, start);
            REQUIRE(found);
            CHECK(found->contact.bytes == std::string(size, 'c'));
            CHECK(found->path.bytes == std::string(size, 'p'));
        }
    }

    SECTION("several devices of one account keep their order, and one can go alone")
    {
        for (std::uint64_t id = 1; id <= 4; ++id)
            register_binding(alice, example_binding(id, flow, start + 600s), start);
        auto located = look_up(service, alice, start);
        REQUIRE(located.bindings.size() == 4);
        for (std::uint64_t id = 1; id <= 4; ++id) CHECK(located.bindings[id - 1].id == BindingId{id});
        located.bindings.erase(located.bindings.begin() + 1);
        REQUIRE(commit(service, alice, located, start));
        CHECK_FALSE(find(service, BindingId{2}, start));
        CHECK(find(service, BindingId{3}, start));
        CHECK(service.size() == 3);
    }

    SECTION("a commit on something old is refused and changes nothing (RFC 3261 10.3: all or nothing)")
    {
        const auto before = look_up(service, alice, start);
        register_binding(alice, example_binding(1, flow, start + 600s), start);
        CHECK_FALSE(commit(service, alice,
                           {.version = before.version, .bindings = {example_binding(2, flow, start + 600s)}}, start));
        const auto located = look_up(service, alice, start);
        REQUIRE(located.bindings.size() == 1);
        CHECK(located.bindings[0].id == BindingId{1});
        CHECK_FALSE(find(service, BindingId{2}, start));
    }

    SECTION("an account that was empty in between is not taken for unchanged")
    {
        register_binding(alice, example_binding(1, flow, start + 600s), start);
        const auto old = look_up(service, alice, start);
        REQUIRE(commit(service, alice, {.version = old.version, .bindings = {}}, start));
        register_binding(alice, example_binding(2, flow, start + 600s), start);
        CHECK_FALSE(commit(service, alice, old, start));
    }

    SECTION("a flow that closes takes its own binding with it, not one that has moved on (RFC 5626 7)")
    {
        register_binding(alice, example_binding(1, flow, start + 600s), start);
        const auto before = look_up(service, alice, start);
        service.flow_closed(BindingId{1}, other_flow);
        CHECK(look_up(service, alice, start).bindings.size() == 1);
        service.flow_closed(BindingId{1}, flow);
        CHECK(look_up(service, alice, start).bindings.empty());
        CHECK_FALSE(find(service, BindingId{1}, start));
        CHECK(service.size() == 0);
        CHECK_FALSE(commit(service, alice, before, start)); // would bring back a dead flow
        service.flow_closed(BindingId{1}, flow);
        CHECK(service.size() == 0);
    }

    SECTION("a device has several flows, each with a life of its own (RFC 5626 6, 7)")
    {
        const auto over = [&](FlowId which, std::uint32_t reg_id, seconds refreshed, seconds lasts) {
            auto binding = example_binding(1, which, start + lasts);
            binding.reg_id = reg_id;
            binding.refreshed = start + refreshed;
            return binding;
        };
        const auto third = FlowId::of(2, 9);
        const auto flows = [&](TimePoint now) {
            std::vector<FlowId> all;
            for (const auto& binding : find_all(service, BindingId{1}, now)) all.push_back(binding.flow);
            return all;
        };
        REQUIRE(commit(service, alice,
                       {.version = 0, .bindings = {over(flow, 1, 1s, 600s), over(other_flow, 2, 3s, 60s)}}, start));
        auto located = look_up(service, alice, start);
        located.bindings.push_back(example_binding(2, flow, start + 600s)); // another device, over the same connection
        located.bindings.push_back(over(third, 3, 2s, 600s));
        REQUIRE(commit(service, alice, located, start));
        CHECK(flows(start) == std::vector{other_flow, third, flow}); // the one refreshed last first

        SECTION("one expires")
        {
            CHECK(flows(start + 60s) == std::vector{third, flow});
            CHECK(service.expire(start + 60s) == 1);
            CHECK(flows(start + 60s) == std::vector{third, flow});
        }
        for (const auto which : {flow, other_flow, third}) DYNAMIC_SECTION("one closes: " << which.value)
            {
                service.flow_closed(BindingId{1}, which);
                CHECK(flows(start).size() == 2);
                CHECK(std::ranges::count(flows(start), which) == 0);
                CHECK(find(service, BindingId{2}, start));
                CHECK(service.size() == 3);
                for (const auto next : {flow, other_flow, third}) service.flow_closed(BindingId{1}, next);
                CHECK(flows(start).empty());
                CHECK(service.size() == 1);
            }
        SECTION("one is removed by its owner")
        {
            located = look_up(service, alice, start);
            std::erase_if(located.bindings, [](const Binding& b) { return b.reg_id == 2; });
            REQUIRE(commit(service, alice, located, start));
            CHECK(flows(start) == std::vector{third, flow});
        }
    }

    SECTION("an expired binding is not answered, even before it is dropped")
    {
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        CHECK(look_up(service, alice, start + 59'999ms).bindings.size() == 1);
        CHECK(look_up(service, alice, start + 60s).bindings.empty());
        CHECK_FALSE(find(service, BindingId{1}, start + 60s));
    }

    SECTION("an expired binding is dropped at once, others stay")
    {
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        register_binding(alice, example_binding(2, flow, start + 60'500ms), start);
        register_binding(bob, example_binding(3, flow, start + 3600s), start);
        CHECK(service.expire(start + 59'999ms) == 0);
        CHECK(service.expire(start + 60s) == 1);
        CHECK(service.expire(start + 60'499ms) == 0);
        CHECK(look_up(service, alice, start).bindings.size() == 1);
        CHECK(service.expire(start + 60'500ms) == 1);
        CHECK(service.size() == 1);
        for (auto now = start + 61s; now < start + 3600s; now += 1s) REQUIRE(service.expire(now) == 0);
        CHECK(service.expire(start + 3600s) == 1);
        CHECK(service.size() == 0);
    }

    SECTION("a refreshed binding outlives its first expiry; a shortened one does not reach it")
    {
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        register_binding(alice, example_binding(1, flow, start + 600s), start + 30s);
        CHECK(service.expire(start + 60s) == 0);
        CHECK(find(service, BindingId{1}, start + 60s));
        register_binding(alice, example_binding(1, flow, start + 100s), start + 61s);
        CHECK(service.expire(start + 100s) == 1);
    }

    SECTION("a pause of the caller longer than any lifetime loses nothing")
    {
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        CHECK(service.expire(start) == 0);
        CHECK(service.expire(start + 100'000s) == 1);
        register_binding(alice, example_binding(2, flow, start + 100'060s), start + 100'000s);
        CHECK(service.expire(start + 100'060s) == 1);
    }

    SECTION("what has expired already is not stored")
    {
        REQUIRE(commit(service, alice, {.version = 0, .bindings = {example_binding(1, flow, start)}}, start));
        CHECK(service.size() == 0);
        CHECK(look_up(service, alice, start).version == 0);
    }

    SECTION("a device may be watched or not: nothing else changes by that")
    {
        service.watch(BindingId{1}, 3, true);
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        CHECK(find(service, BindingId{1}, start));
        service.watch(BindingId{1}, 3, false);
        service.watch(BindingId{9}, 3, false);
        CHECK(service.expire(start + 60s) == 1);
    }

    SECTION("while the hash key rotates an account is found by its old name until it registers again")
    {
        const AorKey renamed{{0x3333'0000'0000'0003, 3}};
        const AorKeys rotating{renamed, alice};
        register_binding(alice, example_binding(1, flow, start + 600s), start);
        register_binding(alice, example_binding(2, flow, start + 600s), start);
        CHECK(look_up(service, renamed, start).bindings.empty());
        auto located = look_up(service, rotating, start);
        REQUIRE(located.bindings.size() == 2);

        SECTION("then all that it has is known by the new one alone")
        {
            located.bindings.front().cseq = 7;
            REQUIRE(commit(service, rotating, std::move(located), start));
            CHECK(look_up(service, alice, start).bindings.empty());
            CHECK(look_up(service, renamed, start).bindings.size() == 2);
            CHECK(look_up(service, rotating, start).bindings.size() == 2);
            CHECK(service.size() == 2);
            CHECK(find(service, BindingId{1}, start)->cseq == 7);
            service.flow_closed(BindingId{1}, flow);
            CHECK(look_up(service, rotating, start).bindings.size() == 1);
            service.expire(start + 600s);
            CHECK(service.size() == 0);
        }
        SECTION("it can unregister")
        {
            located.bindings.clear();
            REQUIRE(commit(service, rotating, std::move(located), start));
            CHECK(look_up(service, rotating, start).bindings.empty());
            CHECK(service.size() == 0);
            CHECK_FALSE(find(service, BindingId{1}, start));
        }
        SECTION("two that register at once do not undo each other")
        {
            auto other = look_up(service, rotating, start);
            REQUIRE(commit(service, rotating, std::move(located), start));
            other.bindings.clear();
            CHECK_FALSE(commit(service, rotating, std::move(other), start));
            CHECK(look_up(service, rotating, start).bindings.size() == 2);
        }
        SECTION("what somebody who had not heard of the new name has registered under the old one is not lost")
        {
            REQUIRE(commit(service, rotating, look_up(service, rotating, start), start));
            auto late = example_binding(1, other_flow, start + 600s);
            late.refreshed = start + 1s;
            register_binding(alice, std::move(late), start);
            auto both = look_up(service, rotating, start);
            REQUIRE(both.bindings.size() == 2);
            CHECK(both.bindings.front().flow == other_flow);
            REQUIRE(commit(service, rotating, std::move(both), start));
            CHECK(look_up(service, alice, start).bindings.empty());
            CHECK(service.size() == 2);
            const auto found = find(service, BindingId{1}, start);
            REQUIRE(found);
            CHECK(found->flow == other_flow);
        }
    }

    SECTION("inside a dialog a device whose registration is over is found as long as its connection lives")
    {
        const auto in_dialog = [&](std::uint64_t id, TimePoint now) {
            std::vector<FlowId> all;
            service.find_in_dialog(BindingId{id}, now, [&](const std::vector<Binding>& flows) {
                for (const auto& binding : flows) all.push_back(binding.flow);
            });
            return all;
        };
        const auto unregister = [&](AorKeys aor, std::uint64_t id) {
            auto located = look_up(service, aor, start);
            std::erase_if(located.bindings, [&](const Binding& b) { return b.id == BindingId{id}; });
            REQUIRE(commit(service, aor, std::move(located), start));
        };
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        register_binding(alice, example_binding(2, other_flow, start + 600s), start);
        CHECK(in_dialog(1, start) == std::vector{flow});

        SECTION("removed")
        {
            unregister(alice, 1);
            CHECK_FALSE(find(service, BindingId{1}, start));
            CHECK(look_up(service, alice, start).bindings.size() == 1);
            CHECK(service.size() == 1);
            CHECK(in_dialog(1, start) == std::vector{flow});
            CHECK(in_dialog(2, start) == std::vector{other_flow});
            service.flow_ended(other_flow);
            CHECK(in_dialog(1, start) == std::vector{flow});
            service.flow_ended(flow);
            CHECK(in_dialog(1, start).empty());
        }
        SECTION("expired")
        {
            CHECK_FALSE(find(service, BindingId{1}, start + 60s));
            CHECK(in_dialog(1, start + 60s) == std::vector{flow}); // nobody has swept yet
            service.expire(start + 60s);
            CHECK_FALSE(find(service, BindingId{1}, start + 60s));
            CHECK(in_dialog(1, start + 60s) == std::vector{flow});
        }
        SECTION("lost by its edge, before or after")
        {
            service.flow_failed(BindingId{1}, flow, 0);
            CHECK(in_dialog(1, start).empty());
            unregister(alice, 2);
            service.flow_failed(BindingId{2}, other_flow, 0);
            CHECK(in_dialog(2, start).empty());
        }
        SECTION("closed")
        {
            service.flow_closed(BindingId{1}, flow);
            CHECK(in_dialog(1, start).empty());
        }
        SECTION("registered again, it is where it has")
        {
            unregister(alice, 1);
            register_binding(alice, example_binding(1, other_flow, start + 600s), start);
            CHECK(in_dialog(1, start) == std::vector{other_flow});
            service.flow_closed(BindingId{1}, other_flow);
            CHECK(in_dialog(1, start).empty());
        }
        SECTION("removed over all its connections")
        {
            auto second = example_binding(1, other_flow, start + 600s);
            second.reg_id = 2;
            second.refreshed = start + 1s;
            auto located = look_up(service, alice, start);
            located.bindings.push_back(std::move(second));
            REQUIRE(commit(service, alice, std::move(located), start));
            unregister(alice, 1);
            CHECK(in_dialog(1, start) == std::vector{other_flow, flow});
            service.flow_ended(other_flow);
            CHECK(in_dialog(1, start) == std::vector{flow});
        }
        SECTION("while the hash key rotates nobody departs by that")
        {
            const AorKeys rotating{AorKey{{0x3333'0000'0000'0003, 3}}, alice};
            REQUIRE(commit(service, rotating, look_up(service, rotating, start), start));
            service.flow_closed(BindingId{1}, flow);
            CHECK(in_dialog(1, start).empty());
            unregister(rotating, 2);
            CHECK(in_dialog(2, start) == std::vector{other_flow});
        }
    }

    SECTION("the service may be used from within an answer: no lock is held")
    {
        register_binding(alice, example_binding(1, flow, start + 60s), start);
        std::size_t seen = 0;
        service.look_up(alice, start, [&](const Located& located) {
            seen = located.bindings.size();
            service.commit(alice, {.version = located.version, .bindings = {}}, start, [&](bool accepted) {
                CHECK(accepted);
                service.find(BindingId{1}, start, [&](const auto& found) { CHECK(found.empty()); });
            });
        });
        CHECK(seen == 1);
        CHECK(service.size() == 0);
    }
}

} // namespace sotto::test
