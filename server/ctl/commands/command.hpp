#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// The table of commands: each is declared once, in the file of its group. The command line, its help, completion and
/// man page, docs/commands.md, the check of roles and arguments in the daemon, and what is audited are all made from
/// it.
namespace sotto::ctl {

/// Who may use a command: members of a system group (admin.groups). Bits, because a command may be for several.
enum class Role : std::uint8_t {
    none = 0,
    operator_ = 1,       ///< runs the service
    billing = 2,         ///< invoices
    privacy_officer = 4, ///< looks after those whose data it is, and at the operators
    everybody = 7        ///< whoever has any role
};
constexpr Role operator|(Role one, Role other)
{
    return static_cast<Role>(static_cast<unsigned>(one) | static_cast<unsigned>(other));
}
constexpr bool share(Role one, Role other) { return (static_cast<unsigned>(one) & static_cast<unsigned>(other)) != 0; }
/// "operator, billing"
std::string names_of(Role roles);

/// What an argument may be, and what it becomes in the request.
enum class Take : std::uint8_t {
    text,     ///< text
    address,  ///< an account's address; its domain is checked before anything is sent
    number,   ///< a whole number, 0 or more
    duration, ///< "10m", "2h", "30s"; seconds in the request
    time,     ///< "2026-11-25T12:00:00Z" (RFC 3339, UTC), as text
    period,   ///< "2026-11", as text
    on_off,   ///< "on" or "off"; true or false in the request
    choice,   ///< one of `choices`
    texts,    ///< one or more texts; a list in the request
    present,  ///< an option without value; true in the request
    secret,   ///< asked for twice on the terminal, or one line of standard input with the option; text
    agreed,   ///< that the command's question was answered with yes, or --yes given; true in the request
    steered,  ///< not typed: whether the kernel says, where the command is typed, that a time server steers the clock
    file,     ///< a file of whoever types the command; it is not part of the request
    rows      ///< a file whose lines are the rows of one or more requests; each but the last says `more`
};

struct Argument {
    std::string_view name;     ///< in the request: "withhold_identity"
    std::string_view option{}; ///< "--withhold-identity"; empty: it has its place after the command
    Take take{Take::text};
    bool required{true};
    std::span<const std::string_view> choices{};
    std::string_view meaning;
};

/// One member of what `--json` shows. Names are stable: they may be added, never changed or taken away.
struct Field {
    std::string_view name;
    std::string_view type; ///< text, number, flag, list, object, document (a text of many lines)
    std::string_view meaning;
    std::string_view heading{}; ///< of its column, where a person reads a table; fields with the same one share it
    std::string_view unit{};    ///< after a number, for a person
    std::size_t skip{0};        ///< entries of a list that another column shows
};

/// What a command answers.
struct Answer {
    std::string_view rows{}; ///< the member that is a list of objects with `fields`; empty: the answer is one object
    std::string_view sentence{}; ///< for a person, instead of the fields; "{address}" stands for that argument
    std::string_view empty{};    ///< for a person, when there are no rows
    std::span<const Field> fields{};
    std::span<const Field> beside{}; ///< members of the object next to `rows`
};

/// Where a command works.
enum class Place : std::uint8_t {
    daemon,          ///< in the running daemon only
    daemon_or_store, ///< without a daemon also under the lock of the state directory
    here             ///< in the process of the command line
};

/// What the audit log keeps of a command.
struct Audit {
    std::string_view purpose{}; ///< one of schema/purposes.yaml; empty: no action and no personal data, so no entry
    std::string_view subject{}; ///< the argument that names whose data it is
    bool reason_required{false};
    std::string_view answered{}; ///< the member of the handler's answer that names whose data it is, where
                                 ///< only the handler knows; it is shown where `Answer` declares it
    std::string_view former{};   ///< the argument that names addresses which the subject loses: an entry with it is of
                                 ///< the purpose `access`, kept as long as any, since what was done under them is found
                                 ///< by it when the person asks
    std::span<const std::string_view> others{}; ///< arguments that may mean accounts of others than the subject: each
                                                ///< of them has an entry of its own then, and no name in the subject's
};

struct Command {
    std::string_view words;   ///< "account add"
    std::string_view summary; ///< after the words in a list of commands
    std::string_view details{};
    Role roles{Role::operator_};
    Place place{Place::daemon};
    Audit audit{};
    std::string_view confirmation{}; ///< a question before anything is sent, unless --yes; "{address}" as above
    bool paged{false};               ///< answers `next`, which goes into the argument `from` of the next request
    std::span<const Argument> arguments{};
    Answer answer{};
    std::span<const std::string_view> examples{};
};

/// Commands with the same first word.
struct Group {
    std::string_view word; ///< empty: the commands stand alone
    std::string_view summary;
    std::span<const Command> commands;
};

/// The groups in the order of the help. A new group: declare it below, write it in a file of its own, add it in
/// table.cpp.
std::span<const Group> groups();
const Command* find_command(std::string_view words);

Group account_group();
Group binding_group();
Group report_group();
Group billing_group();
Group retention_group();
Group hold_group();
Group subject_group();
Group key_group();
Group daemon_group();
Group audit_group();
Group config_group();
Group trace_group();
Group log_group();
Group route_group();

/// "account add" without its first word, when it has two.
std::string_view last_word(const Command& command);

} // namespace sotto::ctl
