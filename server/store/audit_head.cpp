#include "store/audit_head.hpp"

#include "store/database/embedded.hpp"

#include <algorithm>

namespace sotto::store {

AuditHead::AuditHead(const std::filesystem::path& state_directory)
    : database_{state_directory / "accounts.db", Duty::accounts, accounts_migrations(), Purposes::declared()},
      connection_{database_.open<Purpose::audit>()}, read_{connection_.prepare(
                                                         "SELECT sequence, hash FROM audit_head WHERE id = 0")},
      write_{connection_.prepare("UPDATE audit_head SET sequence = ?1, hash = ?2 WHERE id = 0")}
{
}

AuditHead::Entry AuditHead::read()
{
    Entry entry;
    read_.reset();
    if (read_.step()) {
        entry.sequence = static_cast<std::uint64_t>(read_.number(0));
        const auto hash = read_.bytes(1);
        std::copy_n(hash.begin(), std::min(hash.size(), entry.hash.size()), entry.hash.begin());
    }
    read_.reset();
    return entry;
}

void AuditHead::write(const Entry& entry)
{
    write_.bind_all(static_cast<std::int64_t>(entry.sequence), std::span<const std::uint8_t>{entry.hash});
    write_.run();
}

} // namespace sotto::store
