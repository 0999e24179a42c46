#include "app/daemon_line.hpp"
#include "audit/audit_key.hpp"
#include "config/reference.hpp"
#include "config/settings.hpp"
#include "store/ledger/master_key.hpp"

namespace sotto::app {
namespace {

using config::roff;

constexpr std::array options{config_option, check_option, version_option,
                             DaemonOption{"--help", "", "explain the options and exit"}};

std::string written(const DaemonOption& option)
{
    return "\\fB" + roff(option.name) + "\\fR" +
           (option.value.empty() ? "" : " \\fI" + std::string{option.value} + "\\fR");
}

std::string names_of(Asked asked)
{
    std::string names;
    for (const auto& meaning : signal_meanings)
        if (meaning.asked == asked) names.append(names.empty() ? "" : ", ").append(meaning.name);
    return names;
}

std::string item(std::string_view what, std::string_view meaning)
{
    return ".TP\n.B " + roff(what) + "\n" + std::string{meaning} + "\n";
}

constexpr std::string_view description = R"(.SH DESCRIPTION
Serves SIP over TLS for the domains of its configuration. It runs in the foreground; it is ready when it has told systemd so
(READY=1) and logged the event
.BR ready .
)";
constexpr std::string_view on_drain = R"(No new calls; what runs may end within
.BR drain_timeout .
A second one ends the daemon at once.)";
constexpr std::string_view on_reload = "Reads configuration and certificates again: all of it, or nothing.";
constexpr std::string_view on_variables = R"(As
.BR sd_notify (3),
.BR sd_watchdog_enabled (3)
and
.BR sd_listen_fds (3)
say.)";

} // namespace

std::string daemon_manual()
{
    std::string page = ".\\\" Made by `daemon_reference` from server/app/daemon_line.hpp.\n"
                       ".TH SOTTOD 8 \"\" \"Sotto\" \"System administration\"\n.SH NAME\n"
                       "sottod \\- SIP proxy and registrar that lets each party learn only what the call needs\n"
                       ".SH SYNOPSIS\n.B sottod\n";
    page +=
        written(config_option) + " [" + written(check_option) + "]\n.br\n.B sottod\n" + written(version_option) + "\n";
    page += description;
    page += ".SH OPTIONS\n";
    for (const auto& option : options) page += ".TP\n" + written(option) + "\n" + roff(option.meaning) + ".\n";
    page += ".SH SIGNALS\n" + item(names_of(Asked::drain), on_drain) + item(names_of(Asked::reload), on_reload);
    page +=
        ".SH ENVIRONMENT\n" +
        item("CREDENTIALS_DIRECTORY", "Set by systemd. The credential \\fB" + roff(audit::audit_credential) +
                                          "\\fR holds the key of the audit log, \\fB" + roff(store::master_credential) +
                                          "\\fR the master key of the ledger, when calls are billed. They are read "
                                          "at the start only.") +
        item("NOTIFY_SOCKET, WATCHDOG_USEC, LISTEN_FDS", on_variables);
    const config::Settings settings;
    page += ".SH FILES\n" + item("/etc/sotto/sotto.yaml", "Configuration, as the package installs it.") +
            item(settings.state_directory.string(),
                 "State: accounts, the ledger of what is billed, and the audit log in the folder audit.") +
            item(settings.admin.socket.string(), "Admin socket, for\n.BR sotto (1).");
    page += ".SH EXIT STATUS\n";
    for (const auto& [ending, meaning] : ending_meanings)
        page += item(std::to_string(static_cast<int>(ending)), roff(meaning) + ".");
    return page + ".SH SEE ALSO\n.BR sotto (1),\n.BR sotto.yaml (5)\n";
}

} // namespace sotto::app
