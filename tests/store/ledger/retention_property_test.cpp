// What retention does to the rows, whatever is kept and whenever it runs: against the rules, said in another way.
#include "store/ledger/cases.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <random>
#include <set>

using namespace sotto;
using namespace sotto::store;
using namespace sotto::test;
using namespace std::chrono_literals;
using retention::Case;

namespace {

constexpr std::uint64_t people = 4;
constexpr std::array kept_cases{Case::chargeable, Case::allowance, Case::incoming, Case::itemised_flat};

/// A call as the rules see it. Its seconds tell it from every other.
struct Expected {
    std::uint32_t seconds{0};
    AccountId account;
    std::chrono::year_month month{};
    Case kind{};
    std::optional<retention::Day> invoiced;
};

struct Random {
    std::mt19937_64 engine{Catch::rngSeed() + 8};
    long long between(long long from, long long to) { return std::uniform_int_distribution{from, to}(engine); }
    std::chrono::year_month month() { return november + std::chrono::months{between(0, 5)}; }
    AccountId account() { return {static_cast<std::uint64_t>(between(1, people))}; }
    retention::Time time() { return at(2026y / 11 / 1, std::chrono::hours{between(0, 24 * 500)}); }
};

/// A ledger, and what the rules say that it holds.
class Watched {
public:
    void make_call(Random& random)
    {
        const Expected one{.seconds = ++made_,
                           .account = random.account(),
                           .month = random.month(),
                           .kind = kept_cases[static_cast<std::size_t>(random.between(0, kept_cases.size() - 1))],
                           .invoiced = {}};
        ledger_.make_call(made_, one.account.value, at(one.month / 15), one.seconds, "+4930123456", one.kind);
        calls_.push_back(one);
    }
    void invoice(Random& random)
    {
        const auto month = random.month();
        if (without_invoice(month) <= latest_) return; // nobody makes one of what is over without it
        const auto day = retention::Day{month / 1} + std::chrono::days{random.between(0, 60)};
        ledger_->invoices.make(month, day);
        for (auto& call : calls_)
            if (call.month == month && !call.invoiced) call.invoiced = day;
    }
    void hold(Random& random)
    {
        const auto now = random.time();
        auto wish = dispute(random.account(), now + std::chrono::hours{random.between(1, 24 * 300)});
        wish.first = random.month();
        wish.last = wish.first + std::chrono::months{random.between(0, 3)};
        const auto asked = ledger_->holds.ask(wish, now);
        REQUIRE(asked.has_value());
        if (random.between(0, 3) == 0) return; // nobody consents
        REQUIRE(ledger_->holds.consent((*asked).id, "bert", now).has_value());
        holds_.push_back((*asked).scope());
        holds_.back().consented = true;
    }
    void run(retention::Time now)
    {
        latest_ = std::max(latest_, now);
        const auto report = ledger_->retention.run(rules, now);
        std::erase_if(holds_, [=](const auto& hold) { return hold.expires <= now; });
        const auto gone = std::erase_if(calls_, [&](const Expected& call) { return end_of(call) <= now; });
        CHECK(report.calls == gone);
        CHECK(report.orphans == 0);
        REQUIRE(kept(now) == expected());
    }

private:
    static retention::Time without_invoice(std::chrono::year_month month)
    {
        return retention::Day{(month + std::chrono::months{1}) / 1} + retention::days{180};
    }
    [[nodiscard]] retention::Time end_of(const Expected& call) const
    {
        auto end = without_invoice(call.month);
        if (call.invoiced) end = *call.invoiced + retention::days{call.kind == Case::itemised_flat ? 0 : 90};
        for (const auto& hold : holds_)
            if (hold.account == call.account && hold.first <= call.month && call.month <= hold.last)
                end = std::max(end, hold.expires);
        return end;
    }
    std::set<std::uint32_t> kept(retention::Time now)
    {
        std::set<std::uint32_t> seconds;
        for (std::uint64_t person = 1; person <= people; ++person)
            for (const auto& period : ledger_->subjects.held({person}, rules, now).periods)
                for (const auto& call : period.calls) CHECK(seconds.insert(call.record.seconds).second);
        return seconds;
    }
    [[nodiscard]] std::set<std::uint32_t> expected() const
    {
        std::set<std::uint32_t> seconds;
        for (const auto& call : calls_) seconds.insert(call.seconds);
        return seconds;
    }

    LedgerFiles ledger_;
    std::uint32_t made_{0};
    std::vector<Expected> calls_;
    std::vector<retention::Hold> holds_;
    retention::Time latest_{};
};

} // namespace

TEST_CASE("random calls, invoices and holds, retention at random times: nothing goes early, nothing stays late")
{
    Random random;
    for (int round = 0; round < 8; ++round) {
        Watched ledger;
        for (int step = 0; step < 40; ++step) {
            INFO("round " << round << ", step " << step);
            switch (random.between(0, 5)) {
            case 0:
                ledger.invoice(random);
                break;
            case 1:
                ledger.hold(random);
                break;
            case 2:
                ledger.run(random.time()); // which may lie before that of the run before
                break;
            default:
                ledger.make_call(random);
            }
        }
        ledger.run(at(2028y / 6 / 1)); // everything is over
    }
}
