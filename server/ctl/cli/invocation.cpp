#include "ctl/cli/invocation.hpp"

#include "config/problem.hpp"
#include "ctl/commands/values.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <vector>

namespace sotto::ctl {
namespace {

constexpr const char* foot =
    "\nExit status: 0 done, 1 refused or found wrong, 2 usage, 3 cannot reach the daemon or store";

std::string foot_of(const Command& command)
{
    std::string text = command.details.empty() ? std::string{} : "\n" + std::string{command.details} + "\n";
    if (!command.examples.empty()) text += "\nExamples:\n";
    for (const auto example : command.examples) text.append("  ").append(example).append("\n");
    return text + "\nFor: " + names_of(command.roles) +
           (command.place == Place::daemon_or_store ? "; works without the daemon too" : "");
}

/// Builds the command line from the table of commands.
class Grammar {
public:
    explicit Grammar(Invocation& into) : into_{into}
    {
        app_.name("sotto");
        app_.require_subcommand(1);
        app_.fallthrough(); // --json and --config may stand after the command
        app_.set_version_flag("--version", "sotto " SOTTO_VERSION);
        app_.add_option("--config", into_.config, "configuration file")->capture_default_str();
        app_.add_flag("--json", into_.json, "answer as JSON, for scripts");
        app_.add_flag("--csv", into_.csv, "rows as CSV (RFC 4180)")->excludes("--json");
        for (const auto& group : groups()) add(group);
        app_.footer(foot);
    }

    CLI::App& app() { return app_; }

    /// What of `words` there is not, with the nearest that there is; empty when each word has its place.
    std::string mistyped(const std::vector<std::string>& words)
    {
        CLI::App* group = &app_;
        for (auto word = words.begin(); word != words.end(); ++word) {
            if (word->starts_with('-')) {
                if (*word == "--config" && std::next(word) != words.end()) ++word; // its value is no command
                continue;
            }
            const auto below = group->get_subcommands([](CLI::App*) { return true; });
            if (below.empty()) break; // arguments from here on
            const auto next = std::ranges::find(below, *word, &CLI::App::get_name);
            if (next == below.end()) return there_is_no("command", *word, names_of_all(below));
            group = *next;
        }
        const auto options = options_of(group);
        for (const auto& word : words) {
            if (word == "--") break; // no options from here on
            const auto name = word.substr(0, word.find('='));
            if (name.starts_with("--") && std::ranges::find(options, name) == options.end())
                return there_is_no("option", name, options);
        }
        return {};
    }

private:
    static std::vector<std::string> names_of_all(const std::vector<CLI::App*>& commands)
    {
        std::vector<std::string> names;
        names.reserve(commands.size());
        for (const auto* one : commands) names.push_back(one->get_name());
        return names;
    }

    /// Those of every command as well: they may stand after it.
    static std::vector<std::string> options_of(const CLI::App* command)
    {
        std::vector<std::string> names;
        for (; command != nullptr; command = command->get_parent())
            for (const auto* option : command->get_options())
                for (const auto& name : option->get_lnames()) names.push_back("--" + name);
        return names;
    }

    static std::string there_is_no(const std::string& kind, const std::string& word,
                                   const std::vector<std::string>& names)
    {
        const auto meant = config::nearest(word, names);
        return "there is no " + kind + " `" + word + "`" +
               (meant.empty() ? "; see sotto --help" : ": did you mean `" + meant + "`?");
    }

    void add(const Group& group)
    {
        auto* under = &app_;
        if (!group.word.empty()) {
            under = app_.add_subcommand(std::string{group.word}, std::string{group.summary});
            under->require_subcommand(1);
            under->fallthrough();
        }
        for (const auto& command : group.commands) add(command, *under);
    }

    void add(const Command& command, CLI::App& under)
    {
        auto* sub = under.add_subcommand(std::string{last_word(command)}, std::string{command.summary});
        sub->callback([this, &command] { into_.command = &command; });
        sub->footer(foot_of(command));
        for (const auto& argument : command.arguments) add(argument, *sub);
        static constexpr Argument reason{.name = "reason", .option = "--reason"};
        if (!command.audit.purpose.empty())
            sub->add_option_function<std::string>(
                   "--reason", [this](const std::string& why) { take(reason, why); },
                   "why, in your own words; it is kept in the audit log, sealed")
                ->required(command.audit.reason_required);
        if (!command.confirmation.empty()) sub->add_flag("--yes", into_.yes, "do not ask");
    }

    void add(const Argument& argument, CLI::App& sub)
    {
        const std::string option{argument.option.empty() ? argument.name : argument.option};
        const std::string meaning{argument.meaning};
        const std::string name{argument.name};
        switch (argument.take) {
        case Take::secret:
            sub.add_flag(option, into_.secret_stdin, meaning);
            return;
        case Take::present:
            sub.add_flag_function(
                option, [this, name](std::int64_t) { into_.arguments[name] = true; }, meaning);
            return;
        case Take::agreed: // by --yes, or asked for
        case Take::steered:
            return;
        case Take::file:
        case Take::rows:
            sub.add_option(option, into_.file, meaning)->required(argument.required);
            return;
        case Take::texts:
            sub.add_option_function<std::vector<std::string>>(
                   option,
                   [this, &argument](const std::vector<std::string>& words) {
                       json::array values;
                       for (const auto& word : words) values.push_back(taken(argument, word));
                       into_.arguments[argument.name] = std::move(values);
                   },
                   meaning)
                ->required(argument.required)
                ->expected(1, -1);
            return;
        default:
            sub.add_option_function<std::string>(
                   option, [this, &argument](const std::string& word) { take(argument, word); }, meaning)
                ->required(argument.required);
        }
    }

    void take(const Argument& argument, const std::string& word)
    {
        into_.arguments[argument.name] = taken(argument, word);
    }

    static json::value taken(const Argument& argument, const std::string& word)
    {
        auto value = value_of(argument, word);
        if (!value)
            throw CLI::ValidationError{std::string{argument.option.empty() ? argument.name : argument.option},
                                       word + " is not " + description_of(argument)};
        return *std::move(value);
    }

    Invocation& into_;
    CLI::App app_{"Operates the Sotto SIP server."};
};

} // namespace

std::string Invocation::text(std::string_view argument) const
{
    const auto* value = arguments.if_contains(argument);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::string filled_in(std::string_view text, const Invocation& invocation)
{
    std::string out;
    for (;;) {
        const auto open = text.find('{');
        const auto close = text.find('}', open);
        if (close == std::string_view::npos) return out.append(text);
        out.append(text.substr(0, open)).append(invocation.text(text.substr(open + 1, close - open - 1)));
        text.remove_prefix(close + 1);
    }
}

Invocation read_command_line(int argc, const char* const* argv)
{
    Invocation invocation;
    Grammar grammar{invocation};
    try {
        grammar.app().parse(argc, argv);
    } catch (const CLI::Success& printed) {
        grammar.app().exit(printed); // --help or --version
        throw Refused{status_done, ""};
    } catch (const CLI::ParseError& wrong) {
        const auto mistyped = grammar.mistyped({argv + 1, argv + argc});
        throw Refused{status_usage, mistyped.empty() ? std::string{wrong.what()} + "; see sotto --help" : mistyped};
    }
    return invocation;
}

} // namespace sotto::ctl
