#include "ctl/commands/command.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array status_fields{
    Field{"version",     "text",   "version of the daemon"},
    Field{"uptime",      "number", "seconds since its start"},
    Field{"workers",     "number", "worker threads"},
    Field{"accounts",    "number", "accounts that can be used"},
    Field{"bindings",    "number", "devices that are registered"},
    Field{"connections", "object", "connections and handshakes, counted"},
    Field{"sip",         "object", "requests, calls and transactions, counted"},
    Field{"dropped_headers", "object", "header fields that stayed behind, counted by known names"},
    Field{"weakened",    "list",   "what makes this server less private than it can be, a sentence each"}};
constexpr std::array reload_fields{
    Field{"domains",       "number", "served domains"},
    Field{"changed",       "list",   "keys whose new value is in use"},
    Field{"needs_restart", "list",   "keys whose change counts after a restart only"}};
constexpr std::array drain_fields{Field{"draining", "flag", "true: new calls are refused from now on"}};
constexpr std::array whoami_fields{
    Field{"uid",      "number", "your user id, as the kernel says"},
    Field{"name",     "text",   "your name in the user database"},
    Field{"roles",    "list",   "what you are here: operator, billing, privacy-officer"},
    Field{"commands", "list",   "the commands that you may use"}};

constexpr std::array backup_arguments{Argument{.name = "folder", .meaning = "an existing folder, named from the root; files of the same names are overwritten"}};
constexpr std::array backup_fields{Field{"files", "list", "what was written"}};
constexpr std::array<sv, 1> backup_examples{"sotto backup /var/backups/sotto"};
constexpr std::array<sv, 2> status_examples{"sotto status", "sotto --json status"};

constexpr std::array commands{
    Command{.words = "status", .summary = "show how the daemon is doing", .roles = Role::everybody, .answer = {.fields = status_fields}, .examples = status_examples},
    Command{.words = "whoami", .summary = "show who you are here, and what you may do", .roles = Role::everybody, .answer = {.fields = whoami_fields}},
    Command{.words = "reload", .summary = "read configuration and certificates again", .details = "All of it is taken, or nothing. Calls go on.", .audit = {"operate"}, .answer = {.fields = reload_fields}},
    Command{.words = "drain", .summary = "take no new calls; let those that run end", .audit = {"operate"}, .answer = {.sentence = "draining: no new calls, running ones go on", .fields = drain_fields}},
    Command{.words = "backup", .summary = "copy the databases, without the keys of the ledger", .audit = {"operate"}, .arguments = backup_arguments, .answer = {.fields = backup_fields}, .examples = backup_examples},
};
// clang-format on

} // namespace

Group daemon_group() { return {"", "the daemon", commands}; }

} // namespace sotto::ctl
