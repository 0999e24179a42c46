#include "app/figures.hpp"

#include "metrics/exposition.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace sotto;

namespace {

/// Whether the page has this line.
bool shows(const app::Figures& figures, const std::string& line)
{
    const auto page = metrics::exposition(app::measured(figures));
    return page.find("\n" + line + "\n") != std::string::npos;
}

} // namespace

TEST_CASE("What waits for a store is on the page, in tens", "[metrics]")
{
    const app::Figures figures{.accounts_waiting = 9, .ledger_waiting = 12};
    CHECK(shows(figures, "sotto_store_waiting{store=\"accounts\"} 0"));
    CHECK(shows(figures, "sotto_store_waiting{store=\"ledger\"} 10"));
    CHECK(shows({.accounts_waiting = 30}, "sotto_store_waiting{store=\"accounts\"} 30"));
}

TEST_CASE("Transactions that run are on the page, in tens", "[metrics]")
{
    app::Figures figures;
    figures.counters.element.server_transactions = 29;
    figures.counters.element.client_transactions = 9;
    CHECK(shows(figures, "sotto_transactions{side=\"server\"} 20"));
    CHECK(shows(figures, "sotto_transactions{side=\"client\"} 0"));
}

TEST_CASE("No step of the count of audit entries shows: each emergency call makes one", "[metrics][privacy]")
{
    CHECK(shows({.audit_entries = 112}, "sotto_audit_entries_total 110"));
    CHECK(shows({.audit_entries = 113}, "sotto_audit_entries_total 110"));
}
