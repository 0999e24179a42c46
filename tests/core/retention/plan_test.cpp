#include "core/retention/plan.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>

using namespace sotto;
using namespace sotto::retention;
using namespace std::chrono_literals;

namespace {

constexpr Time at(std::chrono::year_month_day day) { return Time{std::chrono::sys_days{day}}; }
constexpr auto november = 2026y / std::chrono::November;

Row row(Case kind, std::optional<Day> invoiced)
{
    return {.period = {1}, .account = {7}, .kind = kind, .month = november, .invoiced = invoiced, .calls = 3};
}

bool goes(const Row& one, Time now, std::vector<Hold> holds = {}, Policy policy = {})
{
    const std::vector rows{one};
    return plan(policy, holds, rows, now).front().goes;
}

constexpr Day invoice_day = Day{2026y / 12 / 3};

/// The rules again, said in another way: a row must be there before, and gone after, this moment.
Time end_of(const Row& one, const Policy& policy, const std::vector<Hold>& holds)
{
    const auto month_end = Day{(one.month + std::chrono::months{1}) / 1};
    Time end;
    switch (one.kind) {
    case Case::chargeable:
    case Case::allowance:
    case Case::incoming:
        end = one.invoiced ? *one.invoiced + policy.after_invoice : month_end + policy.without_invoice;
        break;
    case Case::itemised_flat:
        end = one.invoiced ? *one.invoiced : month_end + policy.without_invoice;
        break;
    default:
        end = Time{};
    }
    for (const auto& hold : holds) {
        const bool scope = hold.account == one.account && hold.first <= one.month && one.month <= hold.last;
        if (hold.consented && scope) end = std::max(end, hold.expires);
    }
    return end;
}

struct Random {
    std::mt19937_64 engine{Catch::rngSeed() + 6};
    long long between(long long from, long long to) { return std::uniform_int_distribution{from, to}(engine); }

    std::chrono::year_month month() { return november + std::chrono::months{between(-12, 12)}; }
    Row row()
    {
        Row one{.period = {static_cast<std::uint64_t>(between(1, 40))},
                .account = {static_cast<std::uint64_t>(between(1, 5))},
                .kind = static_cast<Case>(between(0, static_cast<int>(Case::count_) - 1)),
                .month = month()};
        if (between(0, 2) != 0)
            one.invoiced = Day{(one.month + std::chrono::months{1}) / 1} + std::chrono::days{between(0, 60)};
        return one;
    }
    Hold hold()
    {
        const auto first = month();
        return {.id = {static_cast<std::uint64_t>(between(1, 1'000'000))},
                .account = {static_cast<std::uint64_t>(between(1, 5))},
                .first = first,
                .last = first + std::chrono::months{between(0, 6)},
                .expires = at(2026y / 1 / 1) + std::chrono::hours{between(0, 24 * 1000)},
                .consented = between(0, 3) != 0};
    }
};

} // namespace

TEST_CASE("a chargeable call stays for 90 days after its invoice, to the second")
{
    const auto end = Time{invoice_day + 90 * days{1}};
    CHECK_FALSE(goes(row(Case::chargeable, invoice_day), end - 1s));
    CHECK(goes(row(Case::chargeable, invoice_day), end));
}

TEST_CASE("a flat-rate call for an itemised bill goes when the statement is made")
{
    CHECK_FALSE(goes(row(Case::itemised_flat, std::nullopt), at(2026y / 12 / 2)));
    CHECK(goes(row(Case::itemised_flat, invoice_day), invoice_day));
}

TEST_CASE("what no invoice was made of goes 180 days after its month")
{
    CHECK_FALSE(goes(row(Case::chargeable, std::nullopt), at(2027y / 5 / 30) - 1s));
    CHECK(goes(row(Case::chargeable, std::nullopt), at(2027y / 5 / 30)));
}

TEST_CASE("a row of a case that is never kept goes at once")
{
    for (const auto kind : {Case::flat, Case::free_of_charge, Case::attempt, Case::incoming_free})
        CHECK(goes(row(kind, std::nullopt), at(2026y / 11 / 2)));
}

TEST_CASE("no ceiling lets traffic data stay for more than six months after the invoice")
{
    for (const auto& rule : matrix())
        if (rule.from == From::invoice)
            for (int m = 1; m <= 12; ++m) {
                const std::chrono::year_month_day invoice = 2026y / m / 1;
                CHECK(Day{invoice} + rule.ceiling <= Day{invoice + std::chrono::months{6}});
            }
}

TEST_CASE("a hold keeps exactly its scope, until it expires; then what is overdue goes at once")
{
    Hold hold{.id = {1},
              .account = {7},
              .first = november,
              .last = november,
              .expires = at(2027y / 9 / 1),
              .consented = true};
    const auto due = row(Case::chargeable, invoice_day);
    CHECK_FALSE(goes(due, hold.expires - 1s, {hold}));
    CHECK(goes(due, hold.expires, {hold}));
    auto other = due;
    other.account = {8};
    CHECK(goes(other, at(2027y / 4 / 1), {hold}));
    other = due;
    other.month = 2026y / std::chrono::October;
    CHECK(goes(other, at(2027y / 4 / 1), {hold}));
    hold.consented = false; // one operator alone keeps nothing
    CHECK(goes(due, at(2027y / 4 / 1), {hold}));
}

TEST_CASE("the next end is that of a row or of a hold, whichever comes first, and lies ahead")
{
    const std::vector rows{row(Case::chargeable, invoice_day), row(Case::itemised_flat, invoice_day)};
    const std::vector holds{Hold{.id = {1},
                                 .account = {7},
                                 .first = november,
                                 .last = november,
                                 .expires = at(2027y / 9 / 1),
                                 .consented = true}};
    const auto end = Time{invoice_day + 90 * days{1}};
    const auto next = [&](std::span<const Hold> kept, Time now) {
        return next_end(kept, plan({}, kept, rows, now), now);
    };
    CHECK(next({}, invoice_day) == end);
    CHECK(next({}, end - 1s) == end);
    CHECK_FALSE(next({}, end));
    CHECK(next(holds, invoice_day) == holds.front().expires);
    CHECK_FALSE(next(holds, holds.front().expires));
}

TEST_CASE("10,000 random plans: nothing early, nothing late, whenever they are made")
{
    Random random;
    for (int round = 0; round < 10'000; ++round) {
        const Policy policy{.after_invoice = days{random.between(0, 180)},
                            .without_invoice = days{random.between(0, 180)}};
        std::vector<Row> rows;
        std::vector<Hold> holds;
        for (auto n = random.between(0, 12); n > 0; --n) rows.push_back(random.row());
        for (auto n = random.between(0, 4); n > 0; --n) holds.push_back(random.hold());
        for (int jump = 0; jump < 4;
             ++jump) { // each plan stands alone: what was planned at another time changes nothing
            const auto now = at(2025y / 6 / 1) + std::chrono::hours{random.between(0, 24 * 1200)};
            const auto decisions = plan(policy, holds, rows, now);
            REQUIRE(decisions.size() == rows.size());
            for (const auto& decision : decisions) {
                const auto end = end_of(rows[decision.row], policy, holds);
                REQUIRE(decision.goes == (end <= now));
                REQUIRE(decision.until <= std::max(end, decision.due));
                if (!decision.goes) REQUIRE(decision.until == end); // what the plan announces is what will happen
            }
            // Whoever plans again at the time that is named, and not before, is never late.
            const auto next = next_end(holds, decisions, now);
            for (const auto& decision : decisions)
                if (!decision.goes) REQUIRE((next && now < *next && *next <= decision.until));
        }
    }
}
