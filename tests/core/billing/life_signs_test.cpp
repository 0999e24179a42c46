#include "core/billing/life_signs.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::billing;

namespace {

constexpr auto near = FlowId::of(1, 7);
constexpr auto far = FlowId::of(1, 8);
constexpr BindingId phone{70};

RunningCall call(std::uint64_t dialog, Reach caller, Reach callee = {.flow = far, .binding = {}})
{
    return {.dialog = {dialog, 0}, .caller = caller, .callee = callee};
}

LifeSigns looked(const RunningCall& one, bool registered)
{
    return life_signs({&one, 1}, [registered](BindingId device) {
        CHECK(device == phone);
        return registered;
    });
}

} // namespace

TEST_CASE("a call lives while a device of either party is registered, whatever became of its flow", "[billing]")
{
    const Reach there{.flow = near, .binding = phone};
    const Reach nobody{};
    for (const auto& one : {call(1, there, nobody), call(1, nobody, there)}) {
        const auto signs = looked(one, true);
        CHECK(signs.alive == std::vector{one.dialog});
        CHECK(signs.by_flow.empty());
    }
}

TEST_CASE("without a registered device the flows of both parties count, and nothing else", "[billing]")
{
    const auto signs = looked(call(1, {.flow = near, .binding = phone}), false);
    CHECK(signs.alive.empty());
    CHECK(signs.by_flow.size() == 2);
    CHECK(signs.by_flow.count(near) == 1);
    CHECK(signs.by_flow.count(far) == 1);
}

TEST_CASE("a call of a process before, whose parties are not known, gives no sign", "[billing]")
{
    const auto one = call(1, {}, {});
    const auto signs = life_signs({&one, 1}, [](BindingId) { return true; });
    CHECK(signs.alive.empty());
    CHECK(signs.by_flow.empty());
}

TEST_CASE("many calls over one gateway's flow live by it", "[billing]")
{
    std::vector<RunningCall> calls;
    for (std::uint64_t dialog = 1; dialog <= 3; ++dialog) calls.push_back(call(dialog, {}));
    CHECK(life_signs(calls, [](BindingId) { return false; }).by_flow.count(far) == 3);
}
