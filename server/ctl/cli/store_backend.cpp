#include "ctl/cli/store_backend.hpp"

#include "audit/audit_key.hpp"
#include "audit/time_text.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/erased.hpp"
#include "ctl/commands/command.hpp"
#include "log/audit_events.hpp"
#include "log/log.hpp"
#include "os/clocks.hpp"
#include "store/ledger/key_store.hpp"
#include "store/ledger/master_key.hpp"
#include "store/pair_key.hpp"
#include "store/wait_for.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <unistd.h>

namespace sotto::ctl {
namespace {

Canonical canonical_in(const config::Settings& settings, store::AccountStore& accounts)
{
    return [policy = account_policy(settings), &accounts](const std::string& typed) {
        return canonical(typed, policy, accounts);
    };
}

void say(const std::string& sentence) { std::fprintf(stderr, "sotto: %s\n", sentence.c_str()); }

retention::Time last_run_of(store::Ledger& ledger)
{
    const auto last = store::wait_for<retention::Time>([&](auto done) { ledger.last_retention(std::move(done)); });
    return last ? *last : retention::Time{};
}

} // namespace

// ---- the journal

Journal::Journal(const config::Settings& settings)
    : used_{settings.log.target == config::LogTarget::journal && log::there_is_a_journal()}
{
    if (used_) log::start({.target = log::Target::journal});
}

Journal::~Journal() { log::stop(); }

void Journal::head(const audit::Head& head) const
{
    if (used_) log::audit_head_is(head.sequence, audit::hex(head.hash));
}

void Journal::checkpoint(const audit::Head& head, const audit::Signature& signature) const
{
    if (used_) log::audit_is_signed(head.sequence, audit::hex(head.hash), audit::hex(signature));
}

// ---- the stores

StoreBackend::StoreBackend(const config::Settings& settings, store::StateLock lock)
    : settings_{settings}, lock_{std::move(lock)},
      accounts_{settings.state_directory, account_policy(settings), {}, say}, journal_{settings},
      head_{settings.state_directory}, erasures_{std::make_unique<store::Erasures>(
                                           settings.state_directory, store::pair_key(settings.state_directory))},
      audit_{audit_options(), audit::audit_key(settings.weaken.audit_key_file), noted(),
             [this](const audit::Line& line) { see(line); }},
      desk_{handlers(),
            [](const PeerCredentials&) { return Role::everybody; },
            canonical_in(settings_, accounts_),
            audit_,
            [this](const std::string& address) { return nearest_address(accounts_, address); },
            [this](const std::string& subject, const std::string& typed) {
                return another_address(accounts_, subject, typed);
            }}
{
    remove_erased(*erasures_, accounts_, audit_, canonical_in(settings_, accounts_), [this]() -> ErasureInLedger {
        return {.ledger = ledger(), .policy = settings_.retention_policy(), .now = believed()};
    });
}

Reply StoreBackend::call(std::string_view command, const json::object& arguments)
{
    return desk_.perform(command, arguments, {::getuid(), ::getgid(), ::getpid()});
}

audit::FileAuditLog::Options StoreBackend::audit_options()
{
    return {.folder = settings_.state_directory / "audit",
            .believed = [this] { return believed(); },
            .on_head =
                [this](const audit::Head& head) {
                    head_.write({head.sequence, head.hash});
                    journal_.head(head);
                },
            .on_checkpoint = [this](const audit::Head& head,
                                    const audit::Signature& signature) { journal_.checkpoint(head, signature); }};
}

void StoreBackend::see(const audit::Line& line)
{
    const auto last = audit::time_from(line.text("believed"));
    if (!last) return;
    last_ = std::chrono::floor<seconds>(*last);
    time_ = retention::Timekeeper{last_};
}

retention::Sighting StoreBackend::sighting()
{
    return {.wall = std::chrono::floor<seconds>(std::chrono::system_clock::now()),
            .running = os::running_since_boot(),
            .synchronised = os::clock_synchronised()};
}

retention::Time StoreBackend::believed() { return time_.observe(sighting()); }

std::vector<audit::Head> StoreBackend::noted()
{
    const auto head = head_.read();
    if (head.sequence == 0) return {};
    return {{head.sequence, head.hash}};
}

Handlers StoreBackend::handlers()
{
    auto all = account_commands(accounts_);
    all.merge(audit_commands(audit_, canonical_in(settings_, accounts_)));
    for (const auto& [words, unopened] : ledger_commands({}))
        if (find_command(words)->place == Place::daemon_or_store)
            all[words] = [this, command = words](const json::object& arguments, const PeerCredentials& peer) {
                return ledger_commands(view()).at(command)(arguments, peer);
            };
    return all;
}

store::SqliteLedger* StoreBackend::ledger()
{
    // Calls whose keys are missing are not none: opening them says so, as it does at the daemon's start.
    const bool billed =
        !settings_.billing.routes.empty() && std::filesystem::exists(settings_.state_directory / "ledger.db");
    if (!ledger_ && (billed || store::KeyStore::exists(settings_.state_directory / "keys"))) {
        ledger_.emplace(settings_.state_directory, store::master_key(settings_.weaken.master_key_file),
                        store::SqliteLedger::Times{.resumes = true}, say);
        // The daemon's clock: it counts from the last run, and from what was believed when it ended.
        time_ = retention::Timekeeper{std::max(last_, last_run_of(*ledger_))};
    }
    return ledger_ ? &*ledger_ : nullptr;
}

LedgerView StoreBackend::view()
{
    return {.ledger = ledger(),
            .accounts = &accounts_,
            .state_directory = settings_.state_directory,
            .policy = [this] { return settings_.retention_policy(); },
            .now = [this] { return believed(); },
            .confirm_clock = [this] { time_.confirm(sighting()); },
            .erasures = erasures_.get(),
            .audit = &audit_,
            .canonical = canonical_in(settings_, accounts_),
            // Without a daemon nobody is registered or traced, and there is nothing to tell it.
            .bindings = [](AccountId) { return std::vector<BindingView>{}; },
            .end_trace = [](AccountId) {},
            .retention_was_run = [] {},
            .holds_changed = [] {}};
}

} // namespace sotto::ctl
