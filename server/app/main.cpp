#include "app/app.hpp"
#include "app/daemon_line.hpp"

#include "audit/audit_key.hpp"
#include "config/check.hpp"
#include "ctl/admin/admin_server.hpp"
#include "log/log.hpp"
#include "net/listener.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"
#include "os/signals.hpp"
#include "store/store_error.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

using sotto::app::Ending;

Ending check(const sotto::app::Prepared& prepared)
{
    for (const auto& problem : prepared.problems) std::cerr << to_string(problem) << '\n';
    return prepared.problems.empty() ? Ending::done : Ending::wrong;
}

void report(const sotto::app::Prepared& prepared)
{
    for (const auto& sentence : sotto::config::weakenings(prepared.settings))
        std::cout << "weakened: " << sentence << '\n';
    for (const auto& sentence : sotto::config::notices(prepared.settings)) std::cout << "note: " << sentence << '\n';
    for (const auto* identities : {prepared.identities.get(), prepared.outside.get()})
        if (identities != nullptr)
            for (const auto& sentence : identities->warnings()) std::cout << "warning: " << sentence << '\n';
    for (const auto& warning : prepared.warnings) std::cout << "warning: " << to_string(warning) << '\n';
    for (const auto& warning : sotto::app::warnings_of(prepared.settings.file))
        std::cout << "warning: " << to_string(warning) << '\n';
    std::cout << prepared.settings.file.string() << ": good\n";
}

Ending serve(sotto::app::Prepared prepared)
{
    using namespace sotto;
    const auto& settings = prepared.settings;
    auto folders = app::folders_of(settings);
    const bool confined = os::confine_files(folders); // first of all, so that every thread is
    os::hold_signals(app::signal_numbers());          // by every thread too
    log::start(
        {.target = settings.log.target == config::LogTarget::journal ? log::Target::journal : log::Target::stderr_,
         .level = static_cast<log::Level>(settings.log.level)});
    auto result = Ending::done;
    try {
        if (!confined)
            log::event(
                log::Event::notice,
                log::field("text", "the kernel has no Landlock: which files the daemon may open is up to its unit"));
        for (const auto& warning : prepared.warnings)
            log::event(log::Event::notice, log::field("text", log::Plain{to_string(warning)}));
        app::App app{std::move(prepared), std::move(folders)};
        app.run();
    } catch (const store::StoreError& error) {
        log::event(log::Event::store_failed, log::field("reason", log::Plain{error.what()}));
        result = Ending::unavailable;
    } catch (const audit::NoAuditKey& error) {
        log::event(log::Event::audit_unwritable, log::field("reason", log::Plain{error.what()}));
        result = Ending::wrong;
    } catch (const net::ListenError& error) {
        log::event(log::Event::listener_failed, log::field("reason", log::Plain{error.what()}));
        result = Ending::wrong;
    } catch (const ctl::SocketRefused& error) {
        log::event(log::Event::listener_failed, log::field("reason", log::Plain{error.what()}));
        result = Ending::wrong;
    } catch (const std::exception& error) {
        log::event(log::Event::internal_error, log::field("reason", log::Plain{error.what()}));
        result = Ending::wrong;
    }
    log::stop();
    return result;
}

} // namespace

int main(int argc, char** argv)
{
    using namespace sotto::app;
    const auto status = [](Ending ending) { return static_cast<int>(ending); };
    const auto text = [](std::string_view words) { return std::string{words}; };
    CLI::App line{"Sotto: a SIP proxy and registrar that lets each party learn only what the call needs"};
    std::string file;
    bool only_check = false;
    line.set_version_flag(text(version_option.name), SOTTO_VERSION, text(version_option.meaning));
    line.add_option(text(config_option.name), file, text(config_option.meaning))
        ->required()
        ->type_name(text(config_option.value));
    line.add_flag(text(check_option.name), only_check, text(check_option.meaning));
    try {
        line.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return status(line.exit(error) == 0 ? Ending::done : Ending::usage);
    }

    sotto::os::harden_process();
    auto prepared = prepare(file);
    if (const auto result = check(prepared); result != Ending::done) return status(result);
    if (only_check) {
        report(prepared);
        return status(Ending::done);
    }
    return status(serve(std::move(prepared)));
}
