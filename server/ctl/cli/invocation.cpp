#include "ctl/cli/invocation.hpp"

#include "config/problem.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iterator>
#include <vector>

namespace sotto::ctl {
namespace {

/// Builds the command line. Each leaf command writes its arguments into the invocation when it was parsed.
class Grammar {
public:
    explicit Grammar(Invocation& into) : into_{into}
    {
        app_.name("sotto");
        app_.require_subcommand(1);
        app_.fallthrough(); // --json and --config may stand after the command
        app_.set_version_flag("--version", "sotto 0.1.0");
        app_.add_option("--config", into_.config, "configuration file")->capture_default_str();
        app_.add_flag("--json", into_.json, "answer as JSON, for scripts");
        account_commands();
        binding_commands();
        leaf(app_, "status", "status", "show how the daemon is doing");
        leaf(app_, "reload", "reload", "read configuration and certificates again");
        leaf(app_, "drain", "drain", "take no new calls; let those that run end");
    }

    CLI::App& app() { return app_; }

    /// The commands below the deepest group that `words` name, for the nearest match.
    std::vector<std::string> choices(const std::vector<std::string>& words, std::string& unknown)
    {
        const auto all = [](CLI::App*) { return true; };
        CLI::App* group = &app_;
        for (auto word = words.begin(); word != words.end() && unknown.empty(); ++word) {
            if (word->starts_with('-')) {
                if (*word == "--config" && std::next(word) != words.end()) ++word; // its value is no command
                continue;
            }
            const auto below = group->get_subcommands(all);
            if (below.empty()) break; // arguments from here on
            const auto next = std::ranges::find(below, *word, &CLI::App::get_name);
            if (next == below.end())
                unknown = *word;
            else
                group = *next;
        }
        std::vector<std::string> names;
        for (const auto* one : group->get_subcommands(all)) names.push_back(one->get_name());
        return names;
    }

private:
    CLI::App* leaf(CLI::App& under, const std::string& name, const std::string& command, const std::string& does)
    {
        auto* sub = under.add_subcommand(name, does);
        sub->callback([this, command] { into_.command = command; });
        return sub;
    }

    CLI::App& group(const std::string& name, const std::string& does)
    {
        auto* sub = app_.add_subcommand(name, does);
        sub->require_subcommand(1);
        sub->fallthrough();
        return *sub;
    }

    void takes_text(CLI::App* sub, const std::string& option, const std::string& argument, const std::string& meaning)
    {
        sub->add_option_function<std::string>(
               option, [this, argument](const std::string& value) { into_.arguments[argument] = value; }, meaning)
            ->required(!option.starts_with('-'));
    }

    void takes_switch(CLI::App* sub, const std::string& option, const std::string& argument, const std::string& meaning)
    {
        sub->add_option_function<std::string>(
               option, [this, argument](const std::string& value) { into_.arguments[argument] = value == "on"; },
               meaning)
            ->check(CLI::IsMember({"on", "off"}));
    }

    void takes_list(CLI::App* sub, const std::string& option, const std::string& argument, const std::string& meaning)
    {
        sub->add_option_function<std::vector<std::string>>(
               option,
               [this, argument](const std::vector<std::string>& values) {
                   into_.arguments[argument] = json::array(values.begin(), values.end());
               },
               meaning)
            ->expected(1, -1);
    }

    void account_commands()
    {
        auto& account = group("account", "who may register and call");
        const std::string of = "the account's address, e.g. alice@example.org";

        auto* add = leaf(account, "add", "account add", "add an account");
        takes_text(add, "address", "address", of);
        add->add_flag("--password-stdin", into_.password_stdin, "read the password from standard input");

        auto* import = leaf(account, "import", "account import", "add many accounts from a file");
        import->add_option("--csv", into_.csv, "lines address,password; - reads standard input")->required();

        leaf(account, "list", "account list", "list all accounts");

        auto* show = leaf(account, "show", "account show", "show one account");
        takes_text(show, "address", "address", of);

        auto* set = leaf(account, "set", "account set", "change an account");
        takes_text(set, "address", "address", of);
        set->add_option_function<std::string>(
               "--status", [this](const std::string& value) { into_.arguments["status"] = value; },
               "active or suspended")
            ->check(CLI::IsMember({"active", "suspended"}));
        takes_switch(set, "--withhold-identity", "withhold_identity",
                     "on: calls are anonymous unless the caller says otherwise");
        takes_switch(set, "--refuse-anonymous", "refuse_anonymous", "on: anonymous callers are refused");
        takes_switch(set, "--relay-only", "relay_only", "on: media addresses are never shown to the other party");
        takes_list(set, "--add-address", "attach", "a further address of this account");
        takes_list(set, "--remove-address", "detach", "a further address to take away");

        auto* remove = leaf(account, "remove", "account remove", "remove an account and all that is stored about it");
        takes_text(remove, "address", "address", of);
        remove->add_flag("--yes", into_.yes, "do not ask");

        auto* password = leaf(account, "password", "account password", "set a new password");
        takes_text(password, "address", "address", of);
        password->add_flag("--password-stdin", into_.password_stdin, "read the password from standard input");
    }

    void binding_commands()
    {
        auto& binding = group("binding", "devices that are registered now");
        auto* list = leaf(binding, "list", "binding list", "list the devices of an account, without their addresses");
        takes_text(list, "address", "address", "the account's address");
        auto* remove = leaf(binding, "remove", "binding remove", "end the registration of a device");
        takes_text(remove, "address", "address", "the account's address");
        takes_text(remove, "binding", "binding", "the binding, as `binding list` shows it");
        remove->add_flag("--yes", into_.yes, "do not ask");
    }

    Invocation& into_;
    CLI::App app_{"Operates the Sotto SIP server."};
};

constexpr const char* examples = R"(
Examples:
  sotto account add alice@example.org
  printf '%s\n' "$PASSWORD" | sotto account add alice@example.org --password-stdin
  sotto account import --csv accounts.csv
  sotto account set alice@example.org --refuse-anonymous on --add-address +4930123456@example.org
  sotto --json binding list alice@example.org

Exit status: 0 done, 1 refused or found wrong, 2 usage, 3 cannot reach the daemon or store)";

} // namespace

Invocation read_command_line(int argc, const char* const* argv)
{
    Invocation invocation;
    Grammar grammar{invocation};
    grammar.app().footer(examples);
    try {
        grammar.app().parse(argc, argv);
    } catch (const CLI::Success& printed) {
        grammar.app().exit(printed); // --help or --version
        throw Refused{status_done, ""};
    } catch (const CLI::ParseError& wrong) {
        std::string unknown;
        const auto choices = grammar.choices({argv + 1, argv + argc}, unknown);
        if (unknown.empty() || choices.empty())
            throw Refused{status_usage, std::string{wrong.what()} + "; see sotto --help"};
        const auto meant = config::nearest(unknown, choices);
        throw Refused{status_usage, "there is no command `" + unknown + "`" +
                                        (meant.empty() ? "; see sotto --help" : ": did you mean `" + meant + "`?")};
    }
    return invocation;
}

} // namespace sotto::ctl
