#include "store/data_protection.hpp"

#include "core/retention/policy.hpp"
#include "store/database/purpose.hpp"

#include <array>

namespace sotto::store {
namespace {

constexpr std::string_view head = R"(# Data protection

<!-- Made by `data_protection_reference` from schema/purposes.yaml and the retention matrix. Change them there. -->

For data protection officers: everything that Sotto stores, for which purpose, on which basis, and when it ends. The tables are
made from the declaration that the daemon itself obeys: at every start it reads the columns of its databases and refuses to run
with one that is not declared here. Each connection to a database is opened for one purpose, and the database refuses to prepare
a statement that reads, writes or removes anything that this purpose was not given.

Where people are registered, who calls whom, and when, is in memory only ([architecture](architecture.md)). Without `billing.routes`
nothing is written about any call, but when an emergency call was carried, and over which route: the log and the audit log say so,
and name nobody. The audit log, for the rest of what operators do, is a file of its own.

)";

constexpr std::string_view sealing = R"(
## How it is sealed, and how it ends

* Each row of the ledger is sealed with AES-256-GCM under a key derived from two keys: that of its *period* (the calls of one month
  that one invoice run covers) and that of its *subject* (the billed account). The account stands in the row as a pseudonym that
  differs from period to period. The row's random number is the nonce of its sealing: moved to another place, it does not open.
* The keys are random and lie in `keys/store`, wrapped by the master key, with one copy in `keys/backup`. The master key comes from
  systemd (`LoadCredentialEncrypted=sotto-master-key:...`). No backup that `sotto backup` or a migration makes contains `keys/`.
* What is over ends in this order: the key is overwritten in both copies, on the disk; then the rows are deleted, with their free
  pages overwritten; then the write-ahead log is cut to nothing. From the first step on, no old backup of the database opens any
  more, with or without the master key.
* When a hold keeps some calls of a period beyond their time, these are sealed anew under a key of their own, and the period's key
  is destroyed as it would have been. The account is named by its address or, when it is gone, by its number. `sotto subject export`
  tells the person of disputes; of tracing and orders, which must not warn anybody, neither the hold nor what only it keeps.
* An erased person's account is deleted at once, with every call that only the itemised bill was kept for, one that still runs
  included; one that still rings is not recorded when it is answered. The audit log names the person no more, but where somebody
  wrote a name into the `--reason` of a command about somebody else. Nobody's list of blocked callers has the person any more; the last
  withheld call of before can be blocked for half an hour, as from nobody. Calls that a billing duty or a hold still keeps are sealed anew and listed with their date; then the person's key is destroyed, so that no backup
  opens what went. A keyed hash of the account's number stays in `erasures` in the state directory, which no backup contains, so
  that a database restored from a backup does not bring the person back: it is removed again at the start, and so an erasure that
  was cut short is finished, in the ledger as well. The key of that hash is `pair.key`.
* `sotto account remove` takes the account only: records of its calls stay for their time, the audit log still names it, and a
  restored backup brings it back. `sotto subject erase` is for whoever asks to be forgotten. With either, the copy of `accounts.db` that
  an upgrade may have left (`accounts.db.before-migration`, kept for seven days) goes too.
* `sotto key change` wraps the keys by another master key. `sotto key rotate` seals all that is kept, holds included, anew under
  new keys and destroys the old ones. Either can be told again when it was cut short. A backup that was made before an erasure or
  a rotation opens what it concerned no more, also what must still be billed: make another one afterwards.

## What it cannot do

* **A snapshot of the whole machine, or a copy of the state directory with `keys/`, keeps what was in it at that moment.** Together
  with the master key it opens every row that was alive then, for as long as the snapshot exists. Leave `keys/` out of file backups,
  and let snapshots of the machine expire sooner than the retention period.
* Overwriting a key reaches the same place on the disk on ordinary file systems. On copy-on-write file systems (btrfs, ZFS) and inside
  flash drives an old copy of the 128 bytes may survive for a while. They are wrapped by the master key, which is therefore worth
  changing, and worth keeping in a TPM.
* **`accounts.db` is not sealed.** Whoever steals it, or a backup of it, reads who the subscribers are, and no call
  ([why](adr/0018-deletion-is-the-destruction-of-a-key.md)). What ends is overwritten in it; an old copy keeps the names that it had:
  let backups expire.
* Sizes tell: how many calls an account of a period has had can be counted in the ledger, without learning whose account it is.
* What `sotto billing export` and `sotto subject export` have written is a file outside of Sotto, which others must delete.
* Whoever runs the daemon can read its memory, and has all keys while it runs.

## The clock

Destruction cannot be undone, so retention does not believe every clock. A clock that a time server steers is believed. The daemon's
unit closes all that could set a clock, the question included, so that `sotto-retention.timer` asks the kernel, hourly, in a process
without a network: `sotto retention run` says what it hears. So retention catches up by itself within an hour of a start, however long the
service was down. A clock that nobody steers is believed as far as the machine's own even clock confirms it; after a restart, for a week.
One that jumps further is reported (`retention-waits` in the log), nothing is destroyed early, and an operator confirms the time with
`sotto retention run --now TIME`. A clock that is set back keeps nothing for longer. The audit log's keys go by the same time, and so does
the date of a call that is answered while the calendar is off by more than a week.

## Lawful interception

Sotto has no interface for interception, and no key that would open the media. Orders to hand over what is stored are served with
`sotto hold`, whose scope is one account and some months; there is nothing else to hand over.
)";

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : ", ") + word;
    return text;
}

/// The purposes that a set of permissions gives something on `column`: "billing (reads), record (writes)".
std::string purposes_of(const std::string& column, Duty duty)
{
    std::string text;
    for (const auto& purpose : Purposes::declared().all()) {
        const auto& may = purpose.in(duty);
        const bool reads = may.read.contains(column);
        const bool writes = may.write.contains(column);
        if (!reads && !writes) continue;
        text += text.empty() ? "" : ", ";
        text += purpose.name + (reads && writes ? " (reads, writes)" : reads ? " (reads)" : " (writes)");
    }
    return text;
}

std::string columns_table(Duty duty)
{
    std::string text = "### " + std::string{name_of(duty)} +
                       ".db\n\n| column | holds | personal | purposes |\n| --- | --- | --- | --- |\n";
    for (const auto& column : Purposes::declared().columns(duty))
        text += "| `" + column.name + "` | " + column.holds + " | " + (column.personal ? "yes" : "no") + " | " +
                purposes_of(column.name, duty) + " |\n";
    return text + "\n";
}

std::string purposes_table()
{
    std::string text = "## Every purpose\n\n| purpose | legal basis | source | who acts for it | how long |\n| --- | "
                       "--- | --- | --- | --- |\n";
    for (const auto& purpose : Purposes::declared().all())
        text += "| " + purpose.name + " | " + purpose.basis + " | " + purpose.source + " | " + joined(purpose.roles) +
                " | " + purpose.retention + " |\n";
    return text + "\n";
}

std::string period_of(const retention::Rule& rule)
{
    if (rule.from == retention::From::never_kept) return "no record";
    const auto days = std::to_string(rule.period.count()) + " days";
    return rule.from == retention::From::statement ? "until the statement is made"
                                                   : days + " after the invoice (`retention.after_invoice_days`)";
}

std::string matrix_table()
{
    std::string text =
        "## How long: the regulator's matrix\n\n"
        "The guide is a yardstick of necessity, not a law. Configuration may shorten a period, and exceed its "
        "ceiling only under `weaken:`, which the log names at every start. What no invoice was made of is destroyed " +
        std::to_string(retention::Policy{}.without_invoice.count()) +
        " days after the end of its month.\n\n| case | calls | kept | ceiling | source |\n| --- | --- | --- | --- | "
        "--- |\n";
    for (const auto& rule : retention::matrix())
        text += "| `" + std::string{rule.name} + "` | " + std::string{rule.meaning} + " | " + period_of(rule) + " | " +
                (rule.ceiling.count() > 0 ? std::to_string(rule.ceiling.count()) + " days" : "-") + " | " +
                std::string{rule.source} + " |\n";
    return text;
}

} // namespace

std::string data_protection_page()
{
    std::string page{head};
    page += "## Every column\n\n";
    for (const auto duty : {Duty::accounts, Duty::ledger}) page += columns_table(duty);
    page += purposes_table();
    page += matrix_table();
    page += sealing;
    return page;
}

} // namespace sotto::store
