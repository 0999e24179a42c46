#pragma once
#include "audit/file_audit_log.hpp"
#include "config/settings.hpp"
#include "core/retention/timekeeper.hpp"
#include "ctl/admin/desk.hpp"
#include "ctl/admin/ledger_commands.hpp"
#include "ctl/cli/backend.hpp"
#include "store/audit_head.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/sqlite_ledger.hpp"
#include "store/state_lock.hpp"

#include <memory>
#include <optional>

namespace sotto::ctl {

/// Where the daemon's log goes to the journal, the heads of the entries that are written here go there too: without
/// them the log could be cut off behind an operator who worked while the daemon was down. A terminal is spared them.
class Journal {
public:
    explicit Journal(const config::Settings& settings);
    ~Journal();
    Journal(const Journal&) = delete;
    Journal& operator=(const Journal&) = delete;

    void head(const audit::Head& head) const;
    void checkpoint(const audit::Head& head, const audit::Signature& signature) const;

private:
    bool used_;
};

/// Works on the stores while no daemon runs: every command of the table that does not need one, and on nobody who was
/// erased (remove_erased). The ledger is opened, which takes the master key, by the first command that needs it; what
/// the daemon has left open in it stays open.
class StoreBackend final : public Backend {
public:
    /// Throws audit::NoAuditKey and store::StoreError.
    StoreBackend(const config::Settings& settings, store::StateLock lock);

    Reply call(std::string_view command, const json::object& arguments) override;

private:
    audit::FileAuditLog::Options audit_options();
    /// What the last process believed of the calendar, so that nothing is sealed under a month that is long over.
    void see(const audit::Line& line);
    [[nodiscard]] static retention::Sighting sighting();
    retention::Time believed();
    std::vector<audit::Head> noted();
    Handlers handlers();
    store::SqliteLedger* ledger();
    LedgerView view();

    const config::Settings settings_;
    store::StateLock lock_;
    store::SqliteAccountStore accounts_;
    Journal journal_;
    store::AuditHead head_;
    retention::Time last_{}; ///< what was believed last, before this process
    retention::Timekeeper time_{retention::Time{}};
    std::optional<store::SqliteLedger> ledger_;
    std::unique_ptr<store::Erasures> erasures_;
    audit::FileAuditLog audit_;
    Desk desk_;
};

} // namespace sotto::ctl
