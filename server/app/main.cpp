#include "app/app.hpp"

#include "audit/audit_key.hpp"
#include "config/check.hpp"
#include "log/log.hpp"
#include "net/listener.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"
#include "store/store_error.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace {

// docs: DESIGN.md 7, exit codes
enum Exit { done = 0, wrong = 1, usage = 2, unavailable = 3 };

int check(const sotto::app::Prepared& prepared)
{
    for (const auto& problem : prepared.problems) std::cerr << to_string(problem) << '\n';
    return prepared.problems.empty() ? done : wrong;
}

void report(const sotto::app::Prepared& prepared)
{
    for (const auto& sentence : sotto::config::weakenings(prepared.settings))
        std::cout << "weakened: " << sentence << '\n';
    for (const auto& sentence : sotto::config::notices(prepared.settings)) std::cout << "note: " << sentence << '\n';
    for (const auto& sentence : prepared.identities->warnings()) std::cout << "warning: " << sentence << '\n';
    std::cout << prepared.settings.file.string() << ": good\n";
}

int serve(sotto::app::Prepared prepared)
{
    using namespace sotto;
    const auto& settings = prepared.settings;
    auto folders = app::folders_of(settings);
    const bool confined = os::confine_files(folders); // first of all, so that every thread is
    log::start(
        {.target = settings.log.target == config::LogTarget::journal ? log::Target::journal : log::Target::stderr_,
         .level = static_cast<log::Level>(settings.log.level)});
    int result = done;
    try {
        if (!confined)
            log::event(
                log::Event::notice,
                log::field("text", "the kernel has no Landlock: which files the daemon may open is up to its unit"));
        app::App app{std::move(prepared), std::move(folders)};
        app.run();
    } catch (const store::StoreError& error) {
        log::event(log::Event::store_failed, log::field("reason", log::Plain{error.what()}));
        result = unavailable;
    } catch (const audit::NoAuditKey& error) {
        log::event(log::Event::audit_unwritable, log::field("reason", log::Plain{error.what()}));
        result = wrong;
    } catch (const net::ListenError& error) {
        log::event(log::Event::listener_failed, log::field("reason", log::Plain{error.what()}));
        result = wrong;
    } catch (const std::exception& error) {
        log::event(log::Event::internal_error, log::field("reason", log::Plain{error.what()}));
        result = wrong;
    }
    log::stop();
    return result;
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App line{"Sotto: a SIP proxy and registrar that lets each party learn only what the call needs"};
    std::string file;
    bool only_check = false;
    line.set_version_flag("--version", SOTTO_VERSION);
    line.add_option("--config", file, "configuration file (YAML)")->required();
    line.add_flag("--check", only_check, "validate the configuration and everything that it names, then exit");
    try {
        line.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return line.exit(error) == 0 ? done : usage;
    }

    sotto::os::harden_process();
    auto prepared = sotto::app::prepare(file);
    if (const int result = check(prepared); result != done) return result;
    if (only_check) {
        report(prepared);
        return done;
    }
    return serve(std::move(prepared));
}
