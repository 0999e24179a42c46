#include "store/ledger/recorder.hpp"

#include "store/ledger/call_record.hpp"

#include <array>
#include <cstring>

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

std::int64_t as_number(PeriodId id) { return static_cast<std::int64_t>(id.value); }

} // namespace

Recorder::Recorder(const Database& database, Vault& vault)
    : vault_{vault}, connection_{database.open<Purpose::record>()},
      open_call_{connection_.prepare(
          "INSERT INTO open_call (dialog, period, subject, record, alive) VALUES (?1, ?2, ?3, ?4, ?5)")},
      alive_{connection_.prepare("UPDATE open_call SET alive = ?2 WHERE dialog = ?1")},
      read_{connection_.prepare("SELECT record, alive FROM open_call WHERE dialog = ?1")},
      remove_{connection_.prepare("DELETE FROM open_call WHERE dialog = ?1")},
      call_{connection_.prepare("INSERT INTO call (period, subject, id, record) VALUES (?1, ?2, ?3, ?4)")},
      probe_{connection_.prepare("UPDATE probe SET number = number + 1 WHERE id = 1")}
{
    load();
}

void Recorder::load()
{
    auto rows = connection_.prepare("SELECT dialog, period, subject FROM open_call");
    while (rows.step()) {
        const PeriodId period{static_cast<std::uint64_t>(rows.number(1))};
        // A row whose keys are gone is nobody's any more; retention removes it.
        if (const auto account = vault_.account_of(period, rows.bytes(2)))
            open_[hash_of(rows.bytes(0))] = {period, *account};
    }
}

void Recorder::begin(const billing::AnsweredCall& call, retention::Time now, Known& begun)
{
    if (open_.contains(call.dialog) || begun.contains(call.dialog)) return;
    const auto& tariff = call.tariff;
    const std::chrono::year_month_day today{std::chrono::floor<std::chrono::days>(now)};
    const auto period = vault_.keys().collecting(today.year() / today.month(), tariff.kind);
    const CallRecord record{.start = billing::rated_start(now, tariff.start_rounding),
                            .destination = call.destination,
                            .tariff = tariff.name,
                            .route = tariff.route};
    const auto dialog = bytes_of(call.dialog);
    const auto sealed = vault_.seal(period, call.account, dialog, record.packed());
    const auto alive = vault_.seal(period, call.account, dialog, packed(0));
    const auto subject = vault_.pseudonym(period, call.account);
    open_call_.bind_all(crypto::Bytes{dialog}, as_number(period), crypto::Bytes{subject}, as_span(sealed),
                        as_span(alive));
    open_call_.run();
    begun[call.dialog] = {period, call.account};
}

void Recorder::live(const RecordBatch::Lasted& lasted)
{
    const auto known = open_.find(lasted.dialog);
    if (known == open_.end()) return;
    const auto dialog = bytes_of(lasted.dialog);
    const auto alive = vault_.seal(known->second.period, known->second.account, dialog, packed(lasted.seconds));
    alive_.bind_all(crypto::Bytes{dialog}, as_span(alive));
    alive_.run();
}

bool Recorder::end(KeyedHash hash, const OpenRow& row, std::uint32_t seconds)
{
    const auto dialog = bytes_of(hash);
    read_.bind_all(crypto::Bytes{dialog});
    if (!read_.step()) return false;
    const auto plain = vault_.open(row.period, row.account, dialog, read_.bytes(0));
    read_.reset();
    if (plain) {
        auto record = CallRecord::unpacked(*plain);
        record.seconds = seconds;
        // An invoice run may have closed the period meanwhile: then the call goes into the next one of its month.
        const auto& opened = *vault_.keys().period(row.period);
        const auto period = vault_.keys().collecting(opened.month, opened.kind);
        const auto id = vault_.number();
        const crypto::Bytes place{reinterpret_cast<const std::uint8_t*>(&id), sizeof id};
        const auto sealed = vault_.seal(period, row.account, place, record.packed());
        const auto subject = vault_.pseudonym(period, row.account);
        call_.bind_all(as_number(period), crypto::Bytes{subject}, place, as_span(sealed));
        call_.run();
    }
    remove_.bind_all(crypto::Bytes{dialog});
    remove_.run();
    return true;
}

void Recorder::record(const RecordBatch& batch, retention::Time now)
{
    Known begun;
    Transaction transaction{connection_};
    for (const auto& call : batch.answered) begin(call, now, begun);
    for (const auto& lasted : batch.alive) live(lasted);
    for (const auto& ended : batch.ended)
        for (const auto* among : {&open_, &begun})
            if (const auto known = among->find(ended.dialog); known != among->end())
                end(ended.dialog, known->second, ended.seconds);
    transaction.commit();
    open_.merge(begun);
    for (const auto& ended : batch.ended) open_.erase(ended.dialog);
}

std::uint32_t Recorder::last_sign_of_life(KeyedHash hash, const OpenRow& row)
{
    const auto dialog = bytes_of(hash);
    read_.bind_all(crypto::Bytes{dialog});
    const auto alive = read_.step() ? vault_.open(row.period, row.account, dialog, read_.bytes(1)) : std::nullopt;
    read_.reset();
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

void Recorder::probe() { probe_.run(); }

} // namespace sotto::store
