#include "location/push_memory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

using namespace sotto;
using location::PushMemory;

namespace {

/// Outlives the processes that write to it. Each is killed after `writes_left` of its writes.
struct Left {
    std::vector<std::uint8_t> bytes = std::vector<std::uint8_t>(4 * 65'536);
    std::size_t writes_left{SIZE_MAX};

    [[nodiscard]] bool holds(std::string_view text) const
    {
        return std::search(bytes.begin(), bytes.end(), text.begin(), text.end()) != bytes.end();
    }
};

class LeftRegion final : public location::Region {
public:
    explicit LeftRegion(Left& left) : left_{left} {}
    [[nodiscard]] std::uint64_t size() const override { return left_.bytes.size(); }
    bool reserve(std::uint64_t /*offset*/, std::uint64_t /*length*/) override { return true; }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) const override
    {
        std::copy_n(place(offset), into.size(), into.begin());
    }
    void write(std::uint64_t offset, std::span<const std::uint8_t> from) override
    {
        if (lives()) std::ranges::copy(from, place(offset));
    }
    void wipe(std::uint64_t offset, std::uint64_t length) override
    {
        if (lives()) std::fill_n(place(offset), length, std::uint8_t{0});
    }
    void release(std::uint64_t offset, std::uint64_t length) override { wipe(offset, length); }

private:
    [[nodiscard]] std::vector<std::uint8_t>::iterator place(std::uint64_t offset) const
    {
        return left_.bytes.begin() + static_cast<std::ptrdiff_t>(offset);
    }
    bool lives() { return left_.writes_left > 0 && left_.writes_left-- > 0; }
    Left& left_;
};

constexpr TimePoint start{seconds{1000}};
constexpr AorKey alice{{1, 2}};
constexpr BindingId phone{7};

PushMemory next_process(Left& left)
{
    left.writes_left = SIZE_MAX;
    return PushMemory{std::make_unique<LeftRegion>(left)};
}

PushRegistrations::Sleeper sleeper(std::string parameters, seconds left)
{
    return {phone, {std::move(parameters)}, start + left};
}

} // namespace

TEST_CASE("the next process knows who sleeps, and wakes it before its registration ends", "[rfc8599][handover]")
{
    Left left;
    {
        auto before = next_process(left);
        before.keep(alice, sleeper("sealed token", seconds{600}), 16);
    }
    auto after = next_process(left);
    const auto found = after.of(alice, start);
    REQUIRE(found.size() == 1);
    CHECK(found.front().device == phone);
    CHECK(found.front().parameters.bytes == "sealed token");
    CHECK(found.front().until == start + seconds{600});
    CHECK(after.accounts() == 1);

    std::vector<BindingId> woken;
    const auto renew = [&](const auto& one) { woken.push_back(one.device); };
    after.pass(start + seconds{479}, renew);
    CHECK(woken.empty());
    after.pass(start + seconds{480}, renew);
    CHECK(woken == std::vector{phone});
}

TEST_CASE("what a phone that sleeps has registered is overwritten when it is over", "[rfc8599][handover]")
{
    Left left;
    auto memory = next_process(left);
    memory.keep(alice, sleeper("sealed token", seconds{600}), 16);
    REQUIRE(left.holds("sealed token"));
    SECTION("replaced") { memory.keep(alice, sleeper("another one", seconds{600}), 16); }
    SECTION("unregistered") { memory.remove(phone); }
    SECTION("by its time")
    {
        memory.pass(start + seconds{600}, [](const auto&) {});
    }
    CHECK_FALSE(left.holds("sealed token"));
}

TEST_CASE("a kill while a phone registers again leaves one registration, whole", "[rfc8599][handover]")
{
    for (std::size_t writes = 0; writes < 6; ++writes) {
        CAPTURE(writes);
        Left left;
        {
            auto before = next_process(left);
            before.keep(alice, sleeper("sealed token", seconds{600}), 16);
            left.writes_left = writes;
            before.keep(alice, sleeper("another one", seconds{900}), 16);
        }
        auto after = next_process(left);
        const auto found = after.of(alice, start);
        REQUIRE(found.size() == 1);
        const bool renewed = found.front().until == start + seconds{900};
        CHECK(found.front().parameters.bytes == (renewed ? "another one" : "sealed token"));
        CHECK(left.holds("sealed token") == !renewed);
        after.remove(phone);
        CHECK_FALSE(left.holds("sealed token"));
        CHECK_FALSE(left.holds("another one"));
    }
}
