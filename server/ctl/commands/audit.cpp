#include "ctl/commands/command.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array show_arguments{
    Argument{.name = "since", .option = "--since", .take = Take::time, .required = false, .meaning = "only what began then or later"},
    Argument{.name = "about", .option = "--about", .take = Take::address, .required = false, .meaning = "only what was done with this account's data"},
    Argument{.name = "by", .option = "--by", .required = false, .meaning = "only what this operator did"}};
constexpr std::array verify_arguments{
    Argument{.name = "head", .option = "--head", .required = false, .meaning = "an entry that must be there: SEQUENCE:HASH, from the event audit-head in a journal that nobody here can change"}};

constexpr std::array entry_fields{
    Field{"sequence", "number", "number of the entry", "ENTRY"},
    Field{"time",     "text",   "when it began (UTC)", "TIME"},
    Field{"name",     "text",   "who did it, by the user database", "WHO"},
    Field{"uid",      "number", "who did it, by the kernel"},
    Field{"what",     "text",   "the command", "WHAT"},
    Field{"about",    "text",   "whose data it was; null: nobody's in particular, \"[forgotten]\": that cannot be read any more", "ABOUT"},
    Field{"result",   "text",   "done, refused and why, or unknown when the daemon ended in between", "RESULT"},
    Field{"purpose",  "text",   "for what, of schema/purposes.yaml", "PURPOSE"},
    Field{"scope",    "text",   "how much of it: the arguments of the command", "SCOPE"},
    Field{"reason",   "text",   "why, in the operator's words", "REASON"}};
constexpr std::array beside_entries{
    Field{"broken", "text", "what `sotto audit verify` says of a log that was changed or cannot be read: entries may be missing here, and the exit status is 1; empty: it is good"}};
constexpr std::array verdict_fields{
    Field{"entries",     "number", "entries that are as they were written"},
    Field{"first",       "number", "the first that is still kept"},
    Field{"last",        "number", "the last"},
    Field{"hash",        "text",   "hash of the last"},
    Field{"checkpoints", "number", "signatures that were checked"},
    Field{"macs",        "flag",   "the MACs were checked too; only a start of the daemon can"},
    Field{"public_key",  "text",   "of the checkpoints' signatures; compare it with the one that you noted"}};

constexpr std::array<sv, 2> show_examples{"sotto audit show --since 2026-11-01T00:00:00Z",
                                          "sotto audit show --about alice@example.org --reason 'request for access of 25 November'"};
constexpr std::array<sv, 2> verify_examples{"sotto audit verify",
                                            "sotto audit verify --head \"$(ssh loghost journalctl SOTTO_EVENT=audit-head -n1 -o json | jq -r '.SOTTO_SEQUENCE+\":\"+.SOTTO_HASH')\""};

constexpr std::array commands{
    Command{.words = "audit show", .summary = "show what operators did",
            .details = "Needs the running daemon: whoever reads the log leaves an entry, and the daemon hands its head to the journal too. The whole log is verified once; for each 500 entries that follow, what is read for them.",
            .roles = Role::privacy_officer, .audit = {"audit", "about"}, .paged = true, .arguments = show_arguments,
            .answer = {.rows = "entries", .empty = "no entries", .fields = entry_fields, .beside = beside_entries}, .examples = show_examples},
    Command{.words = "audit verify", .summary = "check that nobody has changed the audit log",
            .details = "Exits 1 and names the first bad entry when one was changed, removed, moved or added, or the end was cut off; exits 1 as well, with the reason, when the log cannot be read.",
            .roles = Role::operator_ | Role::privacy_officer, .place = Place::daemon_or_store, .arguments = verify_arguments,
            .answer = {.fields = verdict_fields}, .examples = verify_examples},
};
// clang-format on

} // namespace

Group audit_group() { return {"audit", "what operators did", commands}; }

} // namespace sotto::ctl
