#include "ctl/commands/reference.hpp"

#include "ctl/commands/command.hpp"

namespace sotto::ctl {
namespace {

/// How an argument is written on the command line.
std::string written(const Argument& argument)
{
    std::string value{argument.name};
    for (auto& c : value) c = c == '_' ? '-' : static_cast<char>(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c);
    switch (argument.take) {
    case Take::present:
    case Take::secret:
        value.clear();
        break;
    case Take::agreed:
        return "--yes";
    case Take::on_off:
        value = "on|off";
        break;
    case Take::file:
    case Take::rows:
        value = "FILE";
        break;
    case Take::duration:
        value = "TIME";
        break;
    case Take::texts:
        value = "TEXT...";
        break;
    case Take::choice:
        value.clear();
        for (const auto choice : argument.choices) value.append(value.empty() ? "" : "|").append(choice);
        break;
    default:
        break;
    }
    if (argument.option.empty()) return value;
    return std::string{argument.option} + (value.empty() ? "" : " " + value);
}

bool is_typed(const Argument& argument) { return argument.take != Take::steered; }
bool left_out(const Argument& argument) { return !argument.required || argument.take == Take::secret; }

std::string usage(const Command& command)
{
    std::string text = "sotto " + std::string{command.words};
    for (const auto& argument : command.arguments)
        if (argument.take != Take::agreed && is_typed(argument))
            text += left_out(argument) ? " [" + written(argument) + "]" : " " + written(argument);
    if (!command.audit.purpose.empty()) text += command.audit.reason_required ? " --reason TEXT" : " [--reason TEXT]";
    if (!command.confirmation.empty()) text += " [--yes]";
    return text;
}

std::string_view place_of(Place place)
{
    switch (place) {
    case Place::daemon:
        return "the running daemon";
    case Place::daemon_or_store:
        return "the running daemon; without one, the store itself";
    case Place::here:
        return "where it is typed";
    }
    return {};
}

void add_fields(std::string& page, std::span<const Field> fields)
{
    page += "| member | type | holds |\n| --- | --- | --- |\n";
    for (const auto& field : fields)
        page += "| `" + std::string{field.name} + "` | " + std::string{field.type} + " | " +
                std::string{field.meaning} + " |\n";
    page += "\n";
}

void add_command(std::string& page, const Command& command)
{
    page += "### `sotto " + std::string{command.words} + "`\n\n" + std::string{command.summary} + "\n\n";
    if (!command.details.empty()) page += std::string{command.details} + "\n\n";
    page += "```\n" + usage(command) + "\n```\n\n";
    for (const auto& argument : command.arguments)
        if (is_typed(argument)) page += "* `" + written(argument) + "`: " + std::string{argument.meaning} + "\n";
    if (!command.arguments.empty()) page += "\n";
    page += "For " + names_of(command.roles) + ". Works in " + std::string{place_of(command.place)} + ". ";
    page += command.audit.purpose.empty()
                ? "Not in the audit log: it shows nobody's data and changes nothing."
                : "In the audit log with the purpose `" + std::string{command.audit.purpose} + "`.";
    for (const auto& argument : command.arguments)
        if (argument.name == command.audit.former)
            page += " With `" + std::string{argument.option} +
                    "` the purpose is `access`, as the entry leads to the former address.";
    page += "\n\n";
    if (command.answer.fields.empty()) return;
    page += command.answer.rows.empty()
                ? "With `--json`, an object:"
                : "With `--json`, an object whose member `" + std::string{command.answer.rows} + "` is a list of:";
    page += "\n\n";
    add_fields(page, command.answer.fields);
    if (command.answer.beside.empty()) return;
    page += "Beside the list:\n\n";
    add_fields(page, command.answer.beside);
}

constexpr std::string_view page_head = R"(# Commands

<!-- Made by `command_reference docs` from the tables in server/ctl/commands/. Change them there. -->

```
sotto [--config FILE] [--json | --csv] COMMAND
```

`sotto` talks to the running daemon over its admin socket (`admin.socket` of the configuration). Every command with `--help`
explains itself with examples; `sotto(1)` says the same as this page.

* **Roles.** Who may use a command is decided by system groups (`admin.operators`, `admin.billing`,
  `admin.privacy_officers`). Root and the service's user have every role. `sotto whoami` shows yours.
* **Audit.** Whatever changes something or shows somebody's data is in the audit log before it is done: who, what, the
  purpose, `--reason`, whose data, and how it ended. When the log cannot be written, the command is refused.
* **Destruction asks first.** Scripts say `--yes`.
* **Scripts** use `--json`, or `--csv` (RFC 4180) where the answer is a list. Members are added, never renamed or taken away. An error is
  `{"error":{"status":1,"sentence":"..."}}`.
* **Exit status.** 0 done, 1 refused or found wrong, 2 wrong use, 3 cannot reach the daemon or store.

)";

/// A text for man(7): no line begins with a control character, and a backslash is one.
std::string roff(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        if (c == '\\') {
            out += "\\e";
            continue;
        }
        if (c == '-') {
            out += "\\-";
            continue;
        }
        if (c == '`') continue;
        if ((c == '.' || c == '\'') && (out.empty() || out.back() == '\n')) out += "\\&";
        out += c;
    }
    return out;
}

constexpr std::string_view manual_head =
    R"(.\" Made by `command_reference manual` from the tables in server/ctl/commands/.
.TH SOTTO 1 "" "Sotto" "Operator's commands"
.SH NAME
sotto \- operate the Sotto SIP server
.SH SYNOPSIS
.B sotto
[\fB\-\-config\fR \fIFILE\fR] [\fB\-\-json\fR|\fB\-\-csv\fR] \fICOMMAND\fR ...
.SH DESCRIPTION
Talks to the running
.BR sottod (8)
over its admin socket. Who may use a command is decided by system groups, named in
.BR sotto.yaml (5).
Whatever changes something or shows somebody's data is in the audit log before it is done.
.SH OPTIONS
.TP
\fB\-\-config\fR \fIFILE\fR
Configuration file; /etc/sotto/sotto.yaml when it is not given.
.TP
.B \-\-json
Answer as JSON, for scripts. Members are added, never renamed or taken away.
.TP
.B \-\-csv
Answer as CSV (RFC 4180), where the answer is rows.
.TP
.B \-\-reason \fITEXT\fR
Why, in your own words, with every command that is in the audit log.
.TP
.B \-\-yes
Do not ask before something is destroyed.
.TP
.B \-\-help
Explains the command before it.
.TP
.B \-\-version
Says the version.
.SH COMMANDS
)";

constexpr std::string_view manual_foot = R"(.SH EXIT STATUS
0 done, 1 refused or found wrong, 2 wrong use, 3 cannot reach the daemon or store.
.SH SEE ALSO
.BR sottod (8),
.BR sotto.yaml (5)
)";

std::string words_of_groups()
{
    std::string words;
    for (const auto& group : groups()) {
        if (!group.word.empty())
            words.append(words.empty() ? "" : " ").append(group.word);
        else
            for (const auto& command : group.commands) words.append(words.empty() ? "" : " ").append(command.words);
    }
    return words;
}

std::string options_of(const Command& command)
{
    std::string options;
    for (const auto& argument : command.arguments)
        if (!argument.option.empty()) options.append(argument.option).append(" ");
    if (!command.audit.purpose.empty()) options += "--reason ";
    if (!command.confirmation.empty()) options += "--yes ";
    return options + "--json --csv --help";
}

} // namespace

std::string command_page()
{
    std::string page{page_head};
    for (const auto& group : groups()) {
        page += "## " + (group.word.empty() ? "The daemon" : "`" + std::string{group.word} + "`") + ": " +
                std::string{group.summary} + "\n\n";
        for (const auto& command : group.commands) add_command(page, command);
    }
    page.pop_back();
    return page;
}

std::string manual_page()
{
    std::string page{manual_head};
    for (const auto& group : groups()) {
        page += ".SS " + roff(group.summary) + "\n";
        for (const auto& command : group.commands) {
            page += ".TP\n.B " + roff(usage(command)) + "\n" + roff(command.summary) + ".";
            if (!command.details.empty()) page += " " + roff(command.details);
            page += " For " + roff(names_of(command.roles)) + ".\n";
            for (const auto& argument : command.arguments)
                if (is_typed(argument))
                    page += ".RS\n.TP\n.B " + roff(written(argument)) + "\n" + roff(argument.meaning) + "\n.RE\n";
            for (const auto example : command.examples) page += ".RS\n.PP\n.EX\n" + roff(example) + "\n.EE\n.RE\n";
        }
    }
    return page + std::string{manual_foot};
}

std::string bash_completion()
{
    std::string text =
        R"(# bash completion for sotto(1). Made by `command_reference completion` from the tables in server/ctl/commands/.
_sotto()
{
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=() word skip=no
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        if [[ $skip = yes ]]; then skip=no
        elif [[ $word = --config ]]; then skip=yes
        elif [[ $word != -* ]]; then words+=("$word"); fi
    done
    case "${words[*]} $before" in
        *" --config")";
    for (const auto& group : groups())
        for (const auto& command : group.commands)
            for (const auto& argument : command.arguments)
                if ((argument.take == Take::file || argument.take == Take::rows) && !argument.option.empty())
                    text.append(" | \"").append(command.words).append("\"*\" ").append(argument.option).append("\"");
    text += R"() COMPREPLY=($(compgen -f -- "$current")); return ;;
)";
    for (const auto& group : groups())
        for (const auto& command : group.commands)
            for (const auto& argument : command.arguments) {
                if (argument.option.empty()) continue;
                std::string values = argument.take == Take::on_off ? "on off" : "";
                for (const auto choice : argument.choices) values.append(values.empty() ? "" : " ").append(choice);
                const auto line = "        *\" " + std::string{argument.option} + "\") COMPREPLY=($(compgen -W \"" +
                                  values + "\" -- \"$current\")); return ;;\n";
                if (!values.empty() && text.find(line) == std::string::npos) text += line;
            }
    text += "    esac\n    case \"${words[*]}\" in\n        \"\") COMPREPLY=($(compgen -W \"" + words_of_groups() +
            " --config --json --csv --help --version\" -- \"$current\")) ;;\n";
    for (const auto& group : groups()) {
        if (!group.word.empty()) {
            std::string words;
            for (const auto& command : group.commands)
                words.append(words.empty() ? "" : " ").append(last_word(command));
            text += "        \"" + std::string{group.word} + "\") COMPREPLY=($(compgen -W \"" + words +
                    "\" -- \"$current\")) ;;\n";
        }
        for (const auto& command : group.commands)
            text += "        \"" + std::string{command.words} + "\"*) COMPREPLY=($(compgen -W \"" +
                    options_of(command) + "\" -- \"$current\")) ;;\n";
    }
    return text + "    esac\n}\ncomplete -F _sotto sotto\n";
}

} // namespace sotto::ctl
