#include "ctl/commands/shared.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;
constexpr std::array<sv, 3> hold_kinds{"dispute", "tracing", "legal-order"};

// clang-format off
constexpr Argument hold{.name = "hold", .meaning = "the hold, as `hold list` shows it"};
constexpr Argument now{.name = "now", .option = "--now", .take = Take::time, .required = false, .meaning = "the time to go by, such as 2026-12-31T00:00:00Z"};

// ---- billing
constexpr std::array export_arguments{
    Argument{.name = "period", .option = "--period", .take = Take::period, .meaning = "the month in which the calls began"},
    Argument{.name = "run", .option = "--run", .required = false, .meaning = "number of an earlier run of that month, to have it once more; without it the next run is made"},
    Argument{.name = "invoice_date", .option = "--invoice-date", .required = false, .meaning = "day from which retention runs, such as 2026-12-03, not before the month of the calls; today unless said otherwise; a run that is had once more keeps its own"},
    Argument{.name = "hide_digits", .option = "--hide-digits", .take = Take::present, .required = false, .meaning = "leave the last three digits of every destination out, for an itemised bill"}};
constexpr std::array call_fields{
    Field{"run",         "number", "the invoice run of the month, from 1", "RUN"},
    Field{"id",          "text",   "of the call; the same each time the run is exported", "ID"},
    Field{"account",     "text",   "number of the billed account, for its life", "ACCOUNT"},
    Field{"address",     "text",   "its first address; empty when the account was removed", "ADDRESS"},
    Field{"start",       "text",   "begin of the call, UTC, as the tariff rounds it", "START"},
    Field{"seconds",     "number", "billable, whole seconds", "SECONDS"},
    Field{"destination", "text",   "as far as the tariff needs it", "DESTINATION"},
    Field{"tariff",      "text",   "tariff class", "TARIFF"},
    Field{"route",       "text",   "the route", "ROUTE"}};
constexpr std::array<sv, 2> export_examples{"sotto --csv billing export --period 2026-11 > 2026-11.csv",
                                            "sotto --json billing export --period 2026-11 --run 1"};
constexpr std::array billing_commands{
    Command{.words = "billing export", .summary = "give the calls of a month to the invoicing system",
            .details = "Each call is in exactly one run. A run is made by the first export; the time after which its calls are destroyed begins with it.",
            .roles = Role::billing, .audit = {"billing"}, .paged = true, .arguments = export_arguments,
            .answer = {.rows = "calls", .empty = "no calls", .fields = call_fields}, .examples = export_examples},
};

// ---- retention
constexpr std::array only_now{now};
constexpr std::array run_arguments{now, Argument{.name = "steered", .take = Take::steered, .required = false, .meaning = "the kernel says that a time server steers the clock"}};
constexpr std::array plan_fields{
    Field{"month",    "text",   "in which the calls began", "MONTH"},
    Field{"case",     "text",   "of the retention matrix", "CASE"},
    Field{"calls",    "number", "how many", "CALLS"},
    Field{"accounts", "number", "of how many accounts", "ACCOUNTS"},
    Field{"reason",   "text",   "what ends them: invoiced, statement-made, not-invoiced or never-kept", "WHY"},
    Field{"until",    "text",   "when they go", "UNTIL"},
    Field{"held",     "flag",   "a hold keeps them beyond their time", "STATE"},
    Field{"goes",     "flag",   "they are over", "STATE"}};
constexpr std::array beside_plan{
    Field{"now",      "text",   "the time that was gone by"},
    Field{"orphans",  "number", "rows of calls whose keys are gone, which go with the next run"}};
constexpr std::array run_fields{
    Field{"now",     "text",   "the time that was gone by"},
    Field{"calls",   "number", "calls that were destroyed"},
    Field{"periods", "number", "keys of periods that were destroyed"},
    Field{"held",    "number", "calls that are over and stay because of a hold"},
    Field{"holds",   "number", "holds that have ended"}};
constexpr std::array<sv, 2> plan_examples{"sotto retention plan", "sotto --json retention plan --now 2027-03-01T00:00:00Z"};
constexpr std::array<sv, 1> run_examples{"sotto retention run"};
constexpr std::array retention_commands{
    Command{.words = "retention plan", .summary = "show what goes, why and when; nothing is done",
            .roles = Role::operator_ | Role::privacy_officer, .place = Place::daemon_or_store, .audit = {"retention"}, .arguments = only_now,
            .answer = {.rows = "rows", .empty = "nothing is kept about any call", .fields = plan_fields, .beside = beside_plan}, .examples = plan_examples},
    Command{.words = "retention run", .summary = "destroy what is over now, as the daemon does by itself when it is due",
            .details = "After a long downtime, or when the calendar has jumped, the daemon waits for somebody to say that it is right. This command asks the kernel, and says so where a time server steers the clock; where none does, --now says it for an operator. A time ahead of the calendar, or more than an hour behind it, is refused: look ahead with `retention plan`.",
            .roles = Role::operator_ | Role::privacy_officer, .place = Place::daemon_or_store, .audit = {"retention"}, .arguments = run_arguments,
            .answer = {.fields = run_fields}, .examples = run_examples},
};

// ---- holds
constexpr std::array add_arguments{
    Argument{.name = "address", .meaning = "the account's address, such as alice@example.org; where the account is gone, its number as `billing export` shows it"},
    Argument{.name = "kind", .option = "--kind", .take = Take::choice, .choices = hold_kinds, .meaning = "a disputed bill, malicious-call tracing, or an order"},
    Argument{.name = "first", .option = "--first", .take = Take::period, .meaning = "the first month whose calls are kept"},
    Argument{.name = "last", .option = "--last", .take = Take::period, .required = false, .meaning = "the last one; the first unless said otherwise"},
    Argument{.name = "reference", .option = "--reference", .meaning = "the case, as your files name it"},
    Argument{.name = "basis", .option = "--basis", .meaning = "the provision or order that it rests on"},
    Argument{.name = "expires", .option = "--expires", .meaning = "when it ends by itself, such as 2027-03-01; at most 366 days ahead"}};
constexpr std::array only_hold{hold};
constexpr std::array hold_fields{
    Field{"hold",         "text", "its number", "HOLD"},
    Field{"kind",         "text", "dispute, tracing or legal-order", "KIND"},
    Field{"reference",    "text", "the case", "REFERENCE"},
    Field{"basis",        "text", "the provision or order", "BASIS"},
    Field{"account",      "text", "number of the account", "ACCOUNT"},
    Field{"first",        "text", "first month", "FIRST"},
    Field{"last",         "text", "last month", "LAST"},
    Field{"expires",      "text", "when it ends by itself", "EXPIRES"},
    Field{"asked_by",     "text", "who asked", "ASKED BY"},
    Field{"consented_by", "text", "who consented; empty: nobody yet", "CONSENTED BY"},
    Field{"in_force",     "flag", "it keeps calls: two operators want it", "STATE"}};
constexpr std::array one_hold{Field{"hold", "object", "the hold, as in `hold list`"}};
constexpr std::array<sv, 1> add_examples{"sotto hold add alice@example.org --kind dispute --first 2026-11 --reference 'ticket 4711' --basis 'objection of 20 December' --expires 2027-03-01"};
constexpr std::array<sv, 1> approve_examples{"sotto hold approve 1f0c5aa9d2e37b64"};
constexpr std::array<sv, 1> list_examples{"sotto hold list"};
constexpr std::array<sv, 1> release_examples{"sotto hold release 1f0c5aa9d2e37b64 --yes"};
constexpr std::array hold_commands{
    Command{.words = "hold add", .summary = "ask that some calls of an account are kept longer, for one case",
            .details = "It keeps nothing before another operator has approved it.",
            .roles = Role::operator_ | Role::privacy_officer, .audit = {"legal", "address"}, .arguments = add_arguments,
            .answer = {.fields = one_hold}, .examples = add_examples},
    Command{.words = "hold approve", .summary = "consent to a hold that another operator has asked for",
            .roles = Role::operator_ | Role::privacy_officer, .audit = {"legal"}, .arguments = only_hold,
            .answer = {.fields = one_hold}, .examples = approve_examples},
    Command{.words = "hold list", .summary = "list the holds", .roles = Role::operator_ | Role::privacy_officer, .audit = {"legal"},
            .answer = {.rows = "holds", .empty = "no holds: nothing is kept beyond its time", .fields = hold_fields}, .examples = list_examples},
    Command{.words = "hold release", .summary = "end a hold; what is overdue goes at once",
            .roles = Role::operator_ | Role::privacy_officer, .audit = {"legal"}, .confirmation = "End this hold?", .arguments = only_hold,
            .answer = {.sentence = "the hold has ended", .fields = one_hold}, .examples = release_examples},
};

// ---- persons
constexpr std::array export_subject_arguments{
    account_address,
    Argument{.name = "output", .option = "--output", .take = Take::file, .meaning = "the archive to write: a tar file of JSON, CSV and vCard with a manifest"}};
constexpr std::array export_fields{
    Field{"archive", "text",   "the file that was written"},
    Field{"files",   "number", "files in it, the manifest included"},
    Field{"calls",   "number", "calls in it"}};
constexpr std::array stay_fields{
    Field{"month",  "text",   "in which the calls began", "MONTH"},
    Field{"case",   "text",   "of the retention matrix", "CASE"},
    Field{"calls",  "number", "how many, those that run included", "CALLS"},
    Field{"reason", "text",   "the duty that keeps them", "WHY"},
    Field{"until",  "text",   "when they go", "UNTIL"},
    Field{"held",   "flag",   "a hold keeps them", "STATE"}};
constexpr std::array beside_stays{Field{"address", "text", "who was erased"}};
constexpr std::array<sv, 1> export_subject_examples{"sotto subject export alice@example.org --output alice.tar"};
constexpr std::array<sv, 1> erase_examples{"sotto subject erase alice@example.org --yes"};
constexpr std::array subject_commands{
    Command{.words = "subject export", .summary = "write all that is held about a person into one archive",
            .roles = Role::operator_ | Role::privacy_officer, .place = Place::daemon_or_store, .audit = {"access", "address"}, .arguments = export_subject_arguments,
            .answer = {.fields = export_fields}, .examples = export_subject_examples},
    Command{.words = "subject erase", .summary = "erase a person; what a duty keeps is listed with the day on which it goes",
            .roles = Role::operator_ | Role::privacy_officer, .place = Place::daemon_or_store, .audit = {"access", "address"}, .confirmation = "Erase {address} for good?",
            .arguments = only_address,
            .answer = {.rows = "stays", .empty = "erased; nothing is kept about this person", .fields = stay_fields, .beside = beside_stays}, .examples = erase_examples},
};

// ---- keys
constexpr std::array key_arguments{Argument{.name = "file", .meaning = "file with the new master key (64 hexadecimal digits), named from the root"}};
constexpr std::array key_fields{Field{"file", "text", "whose key wraps the ledger's keys now"}};
constexpr std::array rotate_fields{Field{"keys", "number", "keys that were replaced"}};
constexpr std::array<sv, 1> rotate_examples{"sotto key rotate"};
constexpr std::array<sv, 1> key_examples{"sotto key change /etc/sotto/next.key --yes"};
constexpr std::array key_commands{
    Command{.words = "key change", .summary = "wrap the ledger's keys by another master key",
            .details = "Give the service the new key before its next start: the old one opens nothing then. The service's user must be able to read the file. Can be told again when it was cut short.",
            .place = Place::daemon_or_store, .audit = {"provision"}, .confirmation = "From now on only the new master key opens the ledger. Go on?", .arguments = key_arguments,
            .answer = {.fields = key_fields}, .examples = key_examples},
    Command{.words = "key rotate", .summary = "seal what is kept anew under new keys, and destroy the old ones",
            .details = "For use after a copy of the key store may have got into wrong hands. Calls are recorded meanwhile. Cut short, it can be told again.",
            .place = Place::daemon_or_store, .audit = {"retention"}, .answer = {.fields = rotate_fields}, .examples = rotate_examples},
};
// clang-format on

} // namespace

Group billing_group() { return {"billing", "calls for the invoicing system", billing_commands}; }
Group retention_group() { return {"retention", "what is destroyed, and when", retention_commands}; }
Group hold_group() { return {"hold", "cases for which calls are kept longer", hold_commands}; }
Group subject_group() { return {"subject", "what a person may ask for", subject_commands}; }
Group key_group() { return {"key", "the keys of the ledger", key_commands}; }

} // namespace sotto::ctl
