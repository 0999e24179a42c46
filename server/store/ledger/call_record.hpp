#pragma once
#include "core/retention/policy.hpp"
#include "core/types/ids.hpp"
#include "store/ledger/packed.hpp"

#include <string>
#include <vector>

namespace sotto::store {

/// What the ledger keeps of one call: enough for the invoice, and nothing else.
struct CallRecord {
    retention::Time start{};  ///< as rounded by the tariff
    std::uint32_t seconds{0}; ///< billable; whole seconds that have passed
    std::string destination;  ///< as far as the tariff needs it
    std::string tariff;
    std::string route;

    [[nodiscard]] std::vector<std::uint8_t> packed() const
    {
        constexpr std::size_t cell = 40; // nearly every record has the same length
        Packer packer;
        packer.word(static_cast<std::uint32_t>(start.time_since_epoch().count())); // until 2106
        packer.number(seconds);
        packer.dialled(destination);
        packer.text(tariff);
        packer.text(route);
        return packer.filled(cell);
    }
    static CallRecord unpacked(std::span<const std::uint8_t> bytes)
    {
        Unpacker from{bytes};
        CallRecord record;
        record.start = retention::Time{std::chrono::seconds{from.word()}};
        record.seconds = static_cast<std::uint32_t>(from.number());
        record.destination = from.dialled();
        record.tariff = from.text();
        record.route = from.text();
        return record;
    }
};

/// One ended call with whom it is billed to.
struct BilledCall {
    std::uint64_t id{0}; ///< random; stays the same when a run is exported again
    AccountId account;
    CallRecord record;
};

/// The calls of one invoice run.
struct InvoiceRun {
    static constexpr std::size_t page = 2000; ///< calls at once, at most

    std::chrono::year_month month{};
    std::uint32_t run{0};          ///< from 1 within the month
    retention::Day day{};          ///< from which retention runs
    std::vector<BilledCall> calls; ///< one page of them, the calls of an account together
    std::string next;              ///< where the next page begins; empty: this was the last
    bool lost{false};              ///< the place where the page was to begin is gone: read the run from its start
};

} // namespace sotto::store
