#include "store/ledger/invoices.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

namespace sotto::store {
namespace {

std::string hex(crypto::Bytes bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text;
    for (const auto byte : bytes) (text += digits[byte >> 4U]) += digits[byte & 15U];
    return text;
}

/// Zeros where the text says nothing.
void read_hex(std::string_view text, std::span<std::uint8_t> into)
{
    for (std::size_t i = 0; i < into.size() && 2 * i + 2 <= text.size(); ++i)
        std::from_chars(text.data() + 2 * i, text.data() + 2 * i + 2, into[i], 16);
}

} // namespace

/// The last row that was read: what comes after it is next.
struct Invoices::Cursor {
    std::array<std::uint8_t, 8> period{};
    Pseudonym subject{};
    RowId id{};

    Cursor() = default;
    explicit Cursor(std::string_view text)
    {
        for (const auto part :
             {std::span<std::uint8_t>{period}, std::span<std::uint8_t>{subject}, std::span<std::uint8_t>{id}}) {
            read_hex(text, part);
            text.remove_prefix(std::min(text.size(), 2 * part.size()));
        }
    }
    [[nodiscard]] std::string text() const { return hex(period) + hex(subject) + hex(id); }
    [[nodiscard]] PeriodId in() const
    {
        PeriodId number;
        std::memcpy(&number.value, period.data(), period.size());
        return number;
    }
    void enter(PeriodId number)
    {
        *this = {};
        std::memcpy(period.data(), &number.value, period.size());
    }
};

std::optional<BilledCall> opened_call(Statement& rows, PeriodId period, Vault& vault)
{
    const auto account = vault.account_of(period, rows.bytes(0));
    const auto id = row_id_of(rows.bytes(1));
    const auto plain = account ? vault.open(period, *account, id, rows.bytes(2)) : std::nullopt;
    if (!plain) return std::nullopt;
    BilledCall call{.account = *account, .record = CallRecord::unpacked(*plain)};
    std::memcpy(&call.id, id.data(), sizeof call.id);
    return call;
}

Invoices::Invoices(const Database& database, Vault& vault)
    : vault_{vault}, connection_{database.open<Purpose::billing>()},
      any_{connection_.prepare("SELECT id FROM call WHERE period = ?1 LIMIT 1")},
      rows_{connection_.prepare("SELECT subject, id, record FROM call WHERE period = ?1 AND (subject, id) > (?2, ?3) "
                                "ORDER BY subject, id LIMIT ?4")}
{
    for (const auto& period : vault_.keys().periods())
        if (period.invoiced && !period.held && retention::rule_of(period.kind).from == retention::From::statement)
            reading_[part_of(period)].open = true;
}

bool Invoices::any_in(PeriodId period)
{
    any_.bind_all(as_number(period));
    const bool any = any_.step();
    any_.reset();
    return any;
}

InvoiceRun Invoices::make(std::chrono::year_month month, retention::Day day)
{
    auto last = vault_.keys().last_run(month);
    std::vector<PeriodId> open;
    for (const auto& period : vault_.keys().periods()) {
        if (period.month != month) continue;
        last = std::max(last, period.run);
        if (!period.invoiced && !period.held && any_in(period.id)) open.push_back(period.id);
    }
    if (open.empty()) return {.month = month, .day = day};
    vault_.keys().note_run(month, last + 1); // first: a number may be left out, and never comes twice
    // A crash between two of them leaves the second to the next run: it is billed once all the same.
    for (const auto period : open) vault_.keys().invoice(period, last + 1, day);
    return again(month, last + 1);
}

InvoiceRun Invoices::again(std::chrono::year_month month, std::uint32_t number, std::string_view from)
{
    InvoiceRun run{.month = month};
    Cursor cursor{from};
    const auto* begins = vault_.keys().period(cursor.in());
    run.lost = !from.empty() && (begins == nullptr || begins->month != month || begins->run != number);
    for (const auto& period : vault_.keys().periods()) { // in the order of their numbers
        if (period.month != month || period.run != number || !period.invoiced) continue;
        run.run = number;
        run.day = *period.invoiced;
        if (run.lost || period.id < cursor.in() || !run.next.empty()) continue;
        if (period.id != cursor.in()) cursor.enter(period.id);
        read(period.id, cursor, run);
    }
    if (!run.lost) note_reading(run);
    return run;
}

/// What was waited for stays known, so that reading again does not renew the patience.
void Invoices::note_reading(const InvoiceRun& run)
{
    std::map<Part, Reading> there;
    for (const auto& period : vault_.keys().periods()) {
        if (!period.invoiced) continue;
        const auto part = part_of(period);
        const auto known = reading_.find(part);
        auto reading = known == reading_.end() ? Reading{} : known->second;
        if (period.month == run.month && period.run == run.run) reading.open = !run.next.empty();
        there.emplace(part, reading);
    }
    reading_ = std::move(there);
}

bool Invoices::waits_for_reader(const KeyStore::Period& period, retention::Time now)
{
    const auto reading = reading_.find(part_of(period));
    if (reading == reading_.end() || !reading->second.open) return false;
    auto& since = reading->second.waited_since;
    if (!since) since = now;
    return now - *since < patience;
}

bool Invoices::would_wait(const KeyStore::Period& period, retention::Time due, retention::Time now) const
{
    const auto reading = reading_.find(part_of(period));
    return reading != reading_.end() && reading->second.open &&
           now - reading->second.waited_since.value_or(due) < patience;
}

void Invoices::read(PeriodId period, Cursor& cursor, InvoiceRun& into)
{
    const auto room = static_cast<std::int64_t>(InvoiceRun::page - into.calls.size());
    rows_.bind_all(as_number(period), crypto::Bytes{cursor.subject}, crypto::Bytes{cursor.id}, room);
    std::int64_t taken = 0;
    for (; rows_.step(); ++taken) {
        if (auto call = opened_call(rows_, period, vault_)) into.calls.push_back(std::move(*call));
        const auto subject = rows_.bytes(0);
        std::copy_n(subject.begin(), std::min(subject.size(), cursor.subject.size()), cursor.subject.begin());
        cursor.id = row_id_of(rows_.bytes(1));
    }
    rows_.reset();
    if (taken == room) into.next = cursor.text();
}

} // namespace sotto::store
