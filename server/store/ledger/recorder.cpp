#include "store/ledger/recorder.hpp"

#include "store/ledger/call_record.hpp"

#include <array>
#include <cstring>
#include <map>

namespace sotto::store {
namespace {

using DialogBytes = std::array<std::uint8_t, 16>;

DialogBytes bytes_of(KeyedHash hash)
{
    DialogBytes bytes;
    std::memcpy(bytes.data(), &hash.high, 8);
    std::memcpy(bytes.data() + 8, &hash.low, 8);
    return bytes;
}

KeyedHash hash_of(crypto::Bytes bytes)
{
    KeyedHash hash;
    if (bytes.size() == DialogBytes{}.size()) {
        std::memcpy(&hash.high, bytes.data(), 8);
        std::memcpy(&hash.low, bytes.data() + 8, 8);
    }
    return hash;
}

std::vector<std::uint8_t> packed(std::uint32_t seconds)
{
    Packer packer;
    packer.number(seconds);
    return packer.filled(8);
}

crypto::Bytes as_span(const std::vector<std::uint8_t>& bytes) { return bytes; }

Sealed copy_of(crypto::Bytes bytes) { return {bytes.begin(), bytes.end()}; }

} // namespace

Recorder::Recorder(const Database& database, Vault& vault, std::function<bool(AccountId)> erased)
    : vault_{vault}, erased_{std::move(erased)}, connection_{database.open<Purpose::record>()},
      open_call_{connection_.prepare(
          "INSERT INTO open_call (dialog, period, subject, record, alive) VALUES (?1, ?2, ?3, ?4, X'')")},
      alive_{connection_.prepare("UPDATE open_call SET alive = ?2 WHERE dialog = ?1")},
      move_{connection_.prepare(
          "UPDATE open_call SET period = ?2, subject = ?3, record = ?4, alive = ?5 WHERE dialog = ?1")},
      lived_{connection_.prepare("SELECT alive FROM open_call WHERE dialog = ?1")},
      remove_{connection_.prepare("DELETE FROM open_call WHERE dialog = ?1")},
      call_{connection_.prepare("INSERT INTO call (period, subject, id, record) VALUES (?1, ?2, ?3, ?4)")},
      probe_{connection_.prepare("UPDATE probe SET number = number + 1 WHERE id = 1")}
{
    load();
}

void Recorder::load()
{
    auto rows = connection_.prepare("SELECT dialog, period, subject, record FROM open_call");
    while (rows.step()) {
        const PeriodId period{static_cast<std::uint64_t>(rows.number(1))};
        // A row whose keys are gone is nobody's any more; retention removes it.
        if (const auto account = vault_.account_of(period, rows.bytes(2)))
            open_[hash_of(rows.bytes(0))] = {period, *account, copy_of(rows.bytes(3))};
    }
}

/// It may have rung while its account was erased.
bool Recorder::may_be_kept(const billing::AnsweredCall& call) const
{
    return is_duty(retention::rule_of(call.tariff.kind)) || !erased_ || !erased_(call.account);
}

/// Each account's first call makes its key: those of a commit together.
void Recorder::make_keys(const std::vector<billing::AnsweredCall>& calls)
{
    std::vector<AccountId> accounts;
    for (const auto& call : calls)
        if (!open_.contains(call.dialog) && may_be_kept(call)) accounts.push_back(call.account);
    vault_.make_keys(accounts);
}

void Recorder::begin(const billing::AnsweredCall& call, retention::Time now, Known& begun)
{
    if (open_.contains(call.dialog) || begun.contains(call.dialog) || !may_be_kept(call)) return;
    const auto& tariff = call.tariff;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const auto period = vault_.keys().collecting(today.year() / today.month(), tariff.kind);
    const CallRecord record{.start = billing::rated_start(now, tariff.start_rounding),
                            .destination = call.destination,
                            .tariff = tariff.name,
                            .route = tariff.route};
    const auto dialog = bytes_of(call.dialog);
    auto sealed = vault_.seal_at(dialog, period, call.account, record.packed());
    const auto subject = vault_.pseudonym(period, call.account);
    open_call_.bind_all(crypto::Bytes{dialog}, as_number(period), crypto::Bytes{subject}, as_span(sealed));
    open_call_.run();
    begun[call.dialog] = {period, call.account, std::move(sealed)};
}

void Recorder::live(KeyedHash hash, const OpenRow& row, std::uint32_t seconds)
{
    const auto dialog = bytes_of(hash);
    const auto alive = vault_.seal_at(dialog, row.period, row.account, packed(seconds));
    alive_.bind_all(crypto::Bytes{dialog}, as_span(alive));
    alive_.run();
}

bool Recorder::end(KeyedHash hash, const OpenRow& row, std::uint32_t seconds)
{
    if (!forget(hash)) return false;
    const auto dialog = bytes_of(hash);
    if (const auto plain = vault_.open_at(dialog, row.period, row.account, row.record)) {
        auto record = CallRecord::unpacked(*plain);
        record.seconds = seconds;
        // An invoice run may have closed the period meanwhile: then the call goes into the next one of its month.
        const auto& opened = *vault_.keys().period(row.period);
        const auto period = vault_.keys().collecting(opened.month, opened.kind);
        const auto id = vault_.row_id();
        const auto sealed = vault_.seal(period, row.account, id, record.packed());
        const auto subject = vault_.pseudonym(period, row.account);
        call_.bind_all(as_number(period), crypto::Bytes{subject}, crypto::Bytes{id}, as_span(sealed));
        call_.run();
    }
    return true;
}

bool Recorder::forget(KeyedHash hash)
{
    const auto dialog = bytes_of(hash);
    remove_.bind_all(crypto::Bytes{dialog});
    remove_.run();
    return connection_.changes() == 1;
}

void Recorder::record(const RecordBatch& batch, retention::Time now)
{
    Known begun;
    make_keys(batch.answered);
    Transaction transaction{connection_};
    for (const auto& call : batch.answered) begin(call, now, begun);
    const auto each = [&](const std::vector<RecordBatch::Lasted>& calls, auto act) {
        for (const auto& call : calls)
            for (const auto* among : {&open_, &begun})
                if (const auto known = among->find(call.dialog); known != among->end())
                    act(call.dialog, known->second, call.seconds);
    };
    each(batch.alive, [&](KeyedHash dialog, const OpenRow& row, std::uint32_t time) { live(dialog, row, time); });
    each(batch.ended, [&](KeyedHash dialog, const OpenRow& row, std::uint32_t time) { end(dialog, row, time); });
    transaction.commit();
    open_.merge(begun);
    for (const auto& ended : batch.ended) open_.erase(ended.dialog);
}

std::uint32_t Recorder::last_sign_of_life(KeyedHash hash, const OpenRow& row)
{
    const auto dialog = bytes_of(hash);
    lived_.bind_all(crypto::Bytes{dialog});
    const auto alive = lived_.step() ? vault_.open_at(dialog, row.period, row.account, lived_.bytes(0)) : std::nullopt;
    lived_.reset();
    return alive ? static_cast<std::uint32_t>(Unpacker{*alive}.number()) : 0;
}

std::vector<RecordBatch::Lasted> Recorder::left_open()
{
    std::vector<RecordBatch::Lasted> all;
    for (const auto& [hash, row] : open_) all.push_back({hash, last_sign_of_life(hash, row)});
    return all;
}

std::size_t Recorder::end_all()
{
    std::size_t ended = 0;
    Transaction transaction{connection_};
    for (const auto& [hash, row] : open_)
        if (end(hash, row, last_sign_of_life(hash, row))) ++ended;
    transaction.commit();
    open_.clear();
    return ended;
}

void Recorder::move(KeyedHash hash, OpenRow& row, PeriodId to)
{
    const auto dialog = bytes_of(hash);
    const auto record = vault_.open_at(dialog, row.period, row.account, row.record);
    if (!record) return; // a row whose keys are gone
    lived_.bind_all(crypto::Bytes{dialog});
    const auto lived = lived_.step() ? vault_.open_at(dialog, row.period, row.account, lived_.bytes(0)) : std::nullopt;
    lived_.reset();
    const auto subject = vault_.pseudonym(to, row.account);
    auto sealed = vault_.seal_at(dialog, to, row.account, *record);
    const auto alive = lived ? vault_.seal_at(dialog, to, row.account, *lived) : Sealed{};
    move_.bind_all(crypto::Bytes{dialog}, as_number(to), crypto::Bytes{subject}, as_span(sealed), as_span(alive));
    move_.run();
    row.period = to;
    row.record = std::move(sealed);
}

void Recorder::move(PeriodId from, PeriodId to)
{
    auto open = open_; // what a failed commit has left in place stays where it is
    Transaction transaction{connection_};
    for (auto& [hash, row] : open)
        if (row.period == from) move(hash, row, to);
    transaction.commit();
    open_ = std::move(open);
}

void Recorder::renew(AccountId account, const std::function<bool(PeriodId)>& stays)
{
    auto open = open_; // what a failed commit has left in place stays known
    Transaction transaction{connection_};
    boost::unordered::erase_if(open, [&](auto& entry) {
        auto& [hash, row] = entry;
        if (row.account != account) return false;
        const bool goes = !stays(row.period);
        if (goes)
            forget(hash);
        else
            move(hash, row, row.period);
        return goes;
    });
    transaction.commit();
    open_ = std::move(open);
}

void Recorder::leave_closed()
{
    std::map<PeriodId, PeriodId> ways;
    for (const auto& [hash, row] : open_) {
        const auto* period = vault_.keys().period(row.period);
        if (period != nullptr && period->invoiced && !ways.contains(row.period))
            ways[row.period] = vault_.keys().collecting(period->month, period->kind);
    }
    for (const auto& [from, to] : ways) move(from, to);
}

void Recorder::probe() { probe_.run(); }

} // namespace sotto::store
