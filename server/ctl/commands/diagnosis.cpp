#include "ctl/commands/command.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array start_arguments{
    Argument{.name = "account", .option = "--account", .take = Take::address, .meaning = "the subscriber who has agreed to it"},
    Argument{.name = "for", .option = "--for", .take = Take::duration, .meaning = "how long, at most 1h"},
    Argument{.name = "consent", .take = Take::agreed, .meaning = "the subscriber has agreed: the answer to the question, or --yes; it is kept in the audit log"}};
constexpr std::array explain_arguments{
    Argument{.name = "pseudonym", .meaning = "as it stands in the log: ~ and 12 digits"}};

constexpr std::array start_fields{Field{"seconds", "number", "when it ends by itself"}};
constexpr std::array rung_fields{
    Field{"at",        "text", "seconds since the trace began", "AT"},
    Field{"device",    "text", "a number for the connection", "DEVICE"},
    Field{"direction", "text", "--> to Sotto, <-- from Sotto", "SOTTO"},
    Field{"message",   "text", "method, or status and the method that it answers", "MESSAGE"},
    Field{"call",      "text", "a number for the Call-ID", "CALL"}};
constexpr std::array beside_rungs{Field{"full", "flag", "more passed than is drawn"}};
constexpr std::array explain_fields{Field{"address", "text", "the account that the pseudonym stands for today"}};

constexpr std::array<sv, 1> start_examples{"sotto trace start --account alice@example.org --for 10m --reason 'ticket 4711: no ringing tone'"};
constexpr std::array<sv, 1> stop_examples{"sotto trace stop"};
constexpr std::array<sv, 1> explain_examples{"sotto log explain ~3f9a1c2b7d04 --reason 'abuse report of 25 November'"};

constexpr std::array trace_commands{
    Command{.words = "trace start", .summary = "draw the messages of one consenting subscriber, for a limited time",
            .details = "Methods, status codes, order and time are drawn; addresses, identifiers and content are not kept. One trace at a time; it ends by itself, and with the daemon. --yes says that the subscriber has agreed.",
            .audit = {"fault", "account", true}, .confirmation = "Has {account} agreed to be traced?",
            .arguments = start_arguments, .answer = {.sentence = "tracing {account}: `sotto trace stop` shows the ladder", .fields = start_fields}, .examples = start_examples},
    Command{.words = "trace stop", .summary = "end the trace and show its ladder", .details = "A trace that ended by itself can be seen for an hour, once.", .audit = {"fault", "", false, "account"},
            .answer = {.rows = "ladder", .empty = "nothing passed while the trace ran", .fields = rung_fields, .beside = beside_rungs}, .examples = stop_examples},
};
constexpr std::array log_commands{
    Command{.words = "log explain", .summary = "say which account a pseudonym of today's log stands for",
            .details = "Tries all accounts. Whoever is no subscriber cannot be found, and nobody once the day (UTC) is over: its key is destroyed. A second entry of the audit log, with the result `found`, says who it was.",
            .roles = Role::operator_ | Role::privacy_officer, .audit = {"abuse", "", true, "address"},
            .arguments = explain_arguments, .answer = {.fields = explain_fields}, .examples = explain_examples},
};
// clang-format on

} // namespace

Group trace_group() { return {"trace", "diagnosis with consent", trace_commands}; }
Group log_group() { return {"log", "pseudonyms in the log", log_commands}; }

} // namespace sotto::ctl
