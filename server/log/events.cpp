#include "log/events.hpp"

#include <array>

namespace sotto::log {
namespace {

using enum Event;

// clang-format off
constexpr std::array rows{
    EventRow{waiting, "waiting", Level::warning, "another process works on the state directory: it is waited for", "", "At start. A `sotto` command that began while no daemon ran, or another daemon. After a minute the start is given up."},
    EventRow{starting, "starting", Level::info, "starting", "version domains workers", "The configuration is read and good."},
    EventRow{taken_up, "taken-up", Level::info, "calls of the process before go on", "", "At a restart: its keys and ended dialogs were taken up from the service manager. Without this line after a restart, phones hear 481 for calls from before."},
    EventRow{listening, "listening", Level::info, "listening for TLS", "address", "Once for each address of listen.tls."},
    EventRow{ready, "ready", Level::info, "ready: clients can connect", "domains workers accounts", "Said together with READY=1 to systemd."},
    EventRow{draining, "draining", Level::info, "draining: new calls are refused, what runs may end", "flows seconds", "After SIGTERM or `sotto drain`."},
    EventRow{stopped, "stopped", Level::info, "stopped", "flows", "The last line but those of the audit log. `flows`: connections that were closed because the time was over."},
    EventRow{reloaded, "reloaded", Level::info, "the configuration was read again and is in use", "domains", "After SIGHUP or `sotto reload`."},
    EventRow{reload_refused, "reload-refused", Level::error, "the configuration was not taken: the old one stays in use", "", "The lines before say what is wrong. `sottod --config FILE --check` says it again."},
    EventRow{restart_needed, "restart-needed", Level::warning, "this change counts after a restart", "key", "At a reload, once for each key. Its old value stays in use."},
    EventRow{configuration_problem, "configuration-problem", Level::error, "the configuration is wrong", "text", "Once for each mistake, with place, key and remedy."},
    EventRow{weakened, "weakened", Level::warning, "less private than it can be", "text", "At start and reload, once for each entry of `weaken:`."},
    EventRow{notice, "notice", Level::info, "please note", "text", "At start, once for each thing that subscribers may expect and that is not done."},
    EventRow{certificate_expires, "certificate-expires", Level::warning, "a certificate ends soon", "domain days", "30, 7 and 1 days ahead, and daily when it is over. Renew it: the new files are taken by themselves."},
    EventRow{certificates_renewed, "certificates-renewed", Level::info, "new certificates are in use", "domains", "After their files have changed. Calls and connections go on; new connections see the new ones."},
    EventRow{certificate_broken, "certificate-broken", Level::warning, "a changed certificate cannot be used: the old one stays in use", "reason", "After its file or the rights to it have changed. Correct the file; it is taken by itself. That of `peers.authorities`: correct it and reload."},
    EventRow{accounts_read, "accounts-read", Level::debug, "the accounts were read", "accounts", "After a change by `sotto account`."},
    EventRow{store_failed, "store-failed", Level::error, "the store cannot be used", "reason", "Look at the disk and the rights of state_directory. Calls go on with the accounts as they were read last. Said once until a change reaches the disk."},
    EventRow{keys_rotated, "keys-rotated", Level::debug, "the sealing keys were rotated", "", "Hourly. Keys whose time is over were destroyed."},
    EventRow{keys_unprotected, "keys-unprotected", Level::warning, "keys could not be locked in memory: they may reach the swap or a dump", "keys", "Once, at start or when keys are rotated. Allow the process to lock memory: `LimitMEMLOCK=64M` in its unit, `--ulimit memlock=67108864` for a container."},
    EventRow{record_failed, "record-failed", Level::error, "billed calls cannot be recorded: they are refused until they can", "reason", "Disk full, I/O error, a locked file, or a disk that does not answer for five seconds. Calls that nobody bills go on. It looks again each second; said once until it works."},
    EventRow{records_ended, "records-ended", Level::warning, "calls that were being recorded when the daemon ended were closed at their last sign of life", "calls", "At start."},
    EventRow{retention_run, "retention-run", Level::info, "records whose time was over were destroyed", "calls periods holds", "Keys first, then rows. `sotto retention plan` says what goes next."},
    EventRow{retention_waits, "retention-waits", Level::warning, "the clock has jumped forward and nobody has said that it is right: nothing is destroyed before its time is certain", "", "Also after more than a week without the service. Where a time server steers the clock, `sotto-retention.timer` says so within the hour. Else set the clock right, or confirm the time with `sotto retention run --now TIME`."},
    EventRow{listener_failed, "listener-failed", Level::error, "an address cannot be listened on", "reason", "At start; the daemon ends. Often another program has the port."},
    EventRow{audit_head, "audit-head", Level::info, "an entry was added to the audit log", "sequence hash", "After each entry. `sotto audit verify --head SEQUENCE:HASH` checks that the log still holds it: keep these lines where the operators of this machine cannot change them. Written at every level; while the log's target takes none, operators' commands are refused.", true},
    EventRow{audit_checkpoint, "audit-checkpoint", Level::info, "the audit log was signed", "sequence hash signature", "At each start, new file, hour and after 64 entries: everything up to that entry. Written at every level; while the log's target takes none, operators' commands are refused.", true},
    EventRow{audit_broken, "audit-broken", Level::error, "the audit log is not as it was written", "sequence reason", "At start, and once when a look at the log finds it. Somebody has changed or removed entries, or an old backup was put back. `sotto audit verify` says the same; keep the files and find out who it was."},
    EventRow{audit_unwritable, "audit-unwritable", Level::error, "the audit log cannot be written: operators' commands are refused", "reason", "Make room, or look at the rights of state_directory/audit. Calls go on."},
    EventRow{audit_unread, "audit-unread", Level::error, "the audit log could not be checked", "reason", "At start, and at the hourly look at it. Look at the disk, and at the rights and the size of state_directory/audit and what is in it. It looks again in an hour; after a start also before the next entry, and none is written until it can be read."},
    EventRow{push_failed, "push-failed", Level::warning, "the push gateway does not take requests", "reason", "Once, until one succeeds again. Phones that sleep are not woken meanwhile. Look at push.gateway."},
    EventRow{route_unreachable, "route-unreachable", Level::warning, "a route cannot be used", "route reason", "A call over it got 503, or went to the route's next target. Nothing unprotected is tried instead."},
    EventRow{route_unannounced, "route-unannounced", Level::warning, "a call over a route was not announced", "route", "The account in `announcement` was not there, or did not speak. The call went on; the caller's phone is told as with `mark`."},
    EventRow{emergency_call, "emergency-call", Level::info, "an emergency call is carried", "route", "When it is sent on. Nothing about who called, or from where, is kept."},
    EventRow{guessing, "guessing", Level::warning, "passwords of an account are being tried", "account", "The account has had as many wrong ones as `limits.auth_failures_per_minute` allows; further ones are refused unheard. Its devices that are connected are not concerned. Where it is to be looked into, `sotto log explain` says which account it is, on the same day."},
    EventRow{internal_error, "internal-error", Level::error, "a fault of the program", "reason", "The daemon ends. Please report it; the line identifies nobody."},
};
// clang-format on

constexpr bool in_order()
{
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (static_cast<std::size_t>(rows[i].event) != i) return false;
    return rows.size() == static_cast<std::size_t>(count_);
}
static_assert(in_order(), "one row for each event, in the order of the enumeration");

std::string marked(std::string_view names)
{
    std::string text;
    while (!names.empty()) {
        const auto space = names.find(' ');
        text += (text.empty() ? "`" : ", `") + std::string{names.substr(0, space)} + "`";
        names.remove_prefix(space == std::string_view::npos ? names.size() : space + 1);
    }
    return text;
}

constexpr std::string_view page_head = R"(# Events

<!-- Made by `event_reference` from the tables in server/log/. Change them there. -->

The log is a list of events with stable names. It identifies nobody, at any level: a personal value reaches it only as a
pseudonym such as `~3f9a1c2b7d04`, which stands for the same value until midnight (UTC) and for nothing afterwards,
because the key that made it is destroyed. No message, address, number, Call-ID or token is ever written.

With `log.target: stderr` an event is one line:

```
2026-11-23T09:12:44.031Z info ready: clients can connect domains=1 workers=2 accounts=2
```

With `log.target: journal` it has the fields `SOTTO_EVENT` and one `SOTTO_...` for each of its own, so that
`journalctl SOTTO_EVENT=weakened` finds it.

## The events

| event | level | says | fields | when, and what to do |
| --- | --- | --- | --- | --- |
)";

} // namespace

const EventRow& row_of(Event event) { return rows[static_cast<std::size_t>(event)]; }

std::span<const EventRow> events() { return rows; }

std::string_view name_of(Level level)
{
    constexpr std::array<std::string_view, 4> names{"debug", "info", "warning", "error"};
    return names[static_cast<std::size_t>(level)];
}

std::string event_page()
{
    std::string page{page_head};
    for (const auto& row : rows) {
        page += "| `" + std::string{row.name} + "` | " + std::string{name_of(row.level)} + " | " +
                std::string{row.sentence};
        page += " | " + marked(row.fields) + " | " + std::string{row.meaning} + " |\n";
    }
    page += "\n## The fields\n\n| field | holds |\n| --- | --- |\n";
    for (const auto& field : declared_fields)
        page += "| `" + std::string{field.name} + "` | " + std::string{field.meaning} + " |\n";
    return page;
}

} // namespace sotto::log
