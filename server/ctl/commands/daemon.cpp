#include "ctl/commands/shared.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array status_fields{
    Field{"version",     "text",   "version of the daemon"},
    Field{"uptime",      "number", "seconds since its start"},
    Field{"draining",    "flag",   "new calls are refused, since `sotto drain` or SIGTERM"},
    Field{"workers",     "number", "worker threads"},
    Field{"silent_workers", "number", "of them, those that do not come by their loop; must be 0"},
    Field{"delay_ms",    "number", "milliseconds that work waited for the busiest worker just now"},
    Field{"accounts",    "number", "accounts that can be used"},
    Field{"bindings",    "number", "devices that are registered"},
    Field{"connections", "object", "connections and handshakes, counted"},
    Field{"sip",         "object", "requests, calls and transactions, counted"},
    Field{"refusals",    "object", "requests that were refused, counted by the answer that they got"},
    Field{"dropped_headers", "object", "header fields that stayed behind, counted by known names"},
    Field{"push",        "object", "requests to the push gateway: sent, failed, dropped, and waiting now"},
    Field{"dialogs",     "object", "ended dialogs that are remembered, and handles of running ones"},
    Field{"waiting",     "object", "what waits for the stores of accounts and ledger"},
    Field{"retention",   "object", "overdue: records of calls beyond their time, must be 0; last_run: Unix time; clock_doubted: nothing is destroyed meanwhile"},
    Field{"latency",     "object", "seconds within which half of them, and 99 of 100 (`most`), were done: first answers by method, handshakes, commits of the stores, bursts of a worker; 0: there were none"},
    Field{"unprotected_keys", "number", "keys that could not be locked in memory; must be 0"},
    Field{"log_lines_lost", "number", "lines that the log's target was too slow for, or refused"},
    Field{"audit",       "object", "entries of the audit log; broken: it was found changed, at the start, in the check of each hour, or when it was read"},
    Field{"certificate_days", "object", "days that each domain's certificate is still good"},
    Field{"weakened",    "list",   "what makes this server less private than it can be, a sentence each"}};
constexpr std::array drain_fields{Field{"draining", "flag", "true: new calls are refused from now on"}};
constexpr std::array whoami_fields{
    Field{"uid",      "number", "your user id, as the kernel says"},
    Field{"name",     "text",   "your name in the user database"},
    Field{"roles",    "list",   "what you are here: operator, billing, privacy-officer"},
    Field{"commands", "list",   "the commands that you may use"}};

constexpr std::array backup_arguments{Argument{.name = "folder", .meaning = "below state_directory, named from the root; made when it is missing; files of the same names are overwritten"}};
constexpr std::array backup_fields{Field{"files", "list", "what was written"}};
constexpr std::array<sv, 1> backup_examples{"sotto backup /var/lib/sotto/backup"};
constexpr std::array assess_arguments{Argument{.name = "server", .take = Take::text, .meaning = "HOST or HOST:PORT; the port is 5061 unless said otherwise"}};
constexpr std::array assess_fields{
    Field{"check",   "text",   "what was looked at: tls, old_tls, ciphers, certificate, plaintext, software, addresses, enumeration, digest, padding", "CHECK"},
    Field{"verdict", "text",   "good, weak, bad or unknown", "VERDICT"},
    Field{"points",  "number", "points that it gets"},
    Field{"of",      "number", "of how many; what is unknown counts for nothing"},
    Field{"seen",    "text",   "what was seen", "SEEN"},
    Field{"matters", "text",   "why it matters, and by what rule", "WHY IT MATTERS"}};
constexpr std::array beside_assess{
    Field{"host",  "text",   "who was looked at"},
    Field{"port",  "number", "where"},
    Field{"score", "number", "0 to 100"}};
constexpr std::array<sv, 2> assess_examples{"sotto assess sip.example.org", "sotto --json assess 192.0.2.1:5061 | jq .score"};
constexpr std::array<sv, 1> whoami_examples{"sotto whoami"};
constexpr std::array<sv, 1> reload_examples{"sotto config diff && sotto reload"};
constexpr std::array<sv, 1> drain_examples{"sotto drain"};
constexpr std::array<sv, 2> status_examples{"sotto status", "sotto --json status"};

constexpr std::array commands{
    Command{.words = "status", .summary = "show how the daemon is doing", .roles = Role::everybody, .answer = {.fields = status_fields}, .examples = status_examples},
    Command{.words = "whoami", .summary = "show who you are here, and what you may do", .roles = Role::everybody, .answer = {.fields = whoami_fields}, .examples = whoami_examples},
    Command{.words = "reload", .summary = "read configuration and certificates again", .details = "All of it is taken, or nothing. Calls go on.", .audit = {"operate"}, .answer = {.fields = reload_fields}, .examples = reload_examples},
    Command{.words = "drain", .summary = "take no new calls; let those that run end", .audit = {"operate"}, .answer = {.sentence = "draining: no new calls, running ones go on", .fields = drain_fields}, .examples = drain_examples},
    Command{.words = "assess", .summary = "score the transport and privacy of any SIP server, from outside",
            .details = "Some handshakes, and requests for an address that nobody has, as any stranger may send them; rings nobody, registers nothing. "
                       "Looks at port 5060 too, where nothing should answer. Exits 1 when something is bad.",
            .roles = Role::everybody, .place = Place::here, .arguments = assess_arguments,
            .answer = {.rows = "findings", .fields = assess_fields, .beside = beside_assess}, .examples = assess_examples},
    Command{.words = "backup", .summary = "copy the databases, without the keys of the ledger", .details = "The daemon may write below state_directory only: take the copies from there.", .place = Place::daemon_or_store, .audit = {"operate"}, .arguments = backup_arguments, .answer = {.fields = backup_fields}, .examples = backup_examples},
};
// clang-format on

} // namespace

Group daemon_group() { return {"", "the daemon", commands}; }

} // namespace sotto::ctl
