#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sotto::log {

enum class Level : std::uint8_t { debug, info, warning, error };

/// Everything that can be logged. The name of each is stable: operators build alarms on it.
enum class Event : std::uint8_t {
    waiting,
    starting,
    taken_up,
    listening,
    ready,
    draining,
    stopped,
    reloaded,
    reload_refused,
    restart_needed,
    configuration_problem,
    weakened,
    notice,
    certificate_expires,
    certificates_renewed,
    certificate_broken,
    accounts_read,
    store_failed,
    keys_rotated,
    keys_unprotected,
    record_failed,
    records_ended,
    retention_run,
    retention_waits,
    listener_failed,
    audit_head,
    audit_checkpoint,
    audit_broken,
    audit_unwritable,
    audit_unread,
    push_failed,
    route_unreachable,
    route_unannounced,
    emergency_call,
    guessing,
    internal_error,
    count_
};

/// One event as operators know it.
struct EventRow {
    Event event;
    std::string_view name; ///< SOTTO_EVENT in the journal
    Level level;
    std::string_view sentence; ///< what a person reads
    std::string_view fields;   ///< names of the fields that come with it, separated by spaces
    std::string_view meaning;  ///< when it happens and what to do
    bool always{false};        ///< written at every `log.level`, in a queue apart: what it is for must not depend on it
};

/// One field; in the journal its name is SOTTO_ and the name in capitals.
struct FieldRow {
    std::string_view name;
    std::string_view meaning;
};

// clang-format off
inline constexpr FieldRow declared_fields[]{
    {"account",  "an account, as its pseudonym of the day: `sotto log explain` says which"},
    {"accounts", "number of accounts"},
    {"address",  "an address of this server"},
    {"calls",    "number of calls"},
    {"days",     "whole days left"},
    {"domain",   "a served domain"},
    {"domains",  "number of served domains"},
    {"flows",    "number of connections"},
    {"hash",     "hash of an entry of the audit log"},
    {"holds",    "number of holds"},
    {"key",      "a key of the configuration file"},
    {"keys",     "number of keys"},
    {"periods",  "number of periods whose keys were destroyed"},
    {"reason",   "why, from a fixed list or from the operating system"},
    {"route",    "a route's name in the configuration"},
    {"seconds",  "a time"},
    {"sequence", "number of an entry of the audit log"},
    {"signature", "signature of the daemon's audit key"},
    {"text",     "a sentence about the configuration"},
    {"version",  "version of the program"},
    {"workers",  "number of worker threads"},
};
// clang-format on

/// The declaration of an event.
const EventRow& row_of(Event event);
/// All events, in the order of the enumeration.
std::span<const EventRow> events();
std::string_view name_of(Level level);

/// docs/events.md: every event and every field, from the tables.
std::string event_page();

} // namespace sotto::log
