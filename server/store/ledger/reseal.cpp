#include "store/ledger/reseal.hpp"

#include <vector>

namespace sotto::store {
namespace {

struct Row {
    RowId id;
    Sealed record;
};

std::vector<Row> next_rows(Connection<Purpose::retention>& connection, PeriodId period, const Pseudonym& subject)
{
    std::vector<Row> rows;
    auto some =
        connection.prepare("SELECT id, record FROM call WHERE period = ?1 AND subject = ?2 ORDER BY id LIMIT ?3");
    some.bind_all(as_number(period), crypto::Bytes{subject}, static_cast<std::int64_t>(slice));
    while (some.step()) {
        const auto record = some.bytes(1);
        rows.push_back({row_id_of(some.bytes(0)), {record.begin(), record.end()}});
    }
    return rows;
}

} // namespace

std::size_t reseal_some(Connection<Purpose::retention>& connection, Vault& vault, PeriodId from, PeriodId to,
                        AccountId account)
{
    const auto before = vault.pseudonym(from, account);
    const auto after = vault.pseudonym(to, account);
    const auto rows = next_rows(connection, from, before);
    Transaction transaction{connection};
    auto add = connection.prepare("INSERT INTO call (period, subject, id, record) VALUES (?1, ?2, ?3, ?4)");
    auto remove = connection.prepare("DELETE FROM call WHERE period = ?1 AND subject = ?2 AND id = ?3");
    for (const auto& row : rows) {
        if (const auto plain = vault.open(from, account, row.id, row.record)) {
            const auto sealed = vault.seal(to, account, row.id, *plain);
            add.bind_all(as_number(to), crypto::Bytes{after}, crypto::Bytes{row.id}, crypto::Bytes{sealed});
            add.run();
        }
        remove.bind_all(as_number(from), crypto::Bytes{before}, crypto::Bytes{row.id});
        remove.run();
    }
    transaction.commit();
    return rows.size();
}

} // namespace sotto::store
