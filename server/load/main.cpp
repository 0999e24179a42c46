#include "load/echo_server.hpp"
#include "load/report.hpp"
#include "load/run.hpp"

#include <CLI/CLI.hpp>
#include <csignal>
#include <exception>
#include <iostream>
#include <random>
#include <string>
#include <utility>

namespace {

using namespace sotto::load;

template <class Duration>
void seconds_option(CLI::App& app, const std::string& name, Duration& target, const std::string& meaning)
{
    app.add_option_function<double>(
           name,
           [&target](double seconds) { target = std::chrono::milliseconds{static_cast<long long>(seconds * 1000)}; },
           meaning)
        ->check(CLI::Range(0.0, 86400.0));
}

const CLI::Validator loopback{[](std::string& text) {
                                  try {
                                      parse_loopback(text);
                                      return std::string{};
                                  } catch (const std::invalid_argument& fault) {
                                      return std::string{fault.what()};
                                  }
                              },
                              "LOOPBACK:PORT"};

void add_profile(CLI::App& app, Options& options, std::string& target, Profile profile, const std::string& meaning)
{
    auto& command = *app.add_subcommand(std::string{name_of(profile)}, meaning);
    command.preparse_callback([&options, profile](std::size_t) { options.profile = profile; });
    command.add_option("--target", target, "server, on this machine only")->required()->check(loopback);
    command.add_option("--ca", options.ca_file, "PEM file that the server's certificate must lead to")->required();
    command.add_option("--server-name", options.server_name,
                       "name in the certificate (default: domain of the accounts)");
    command.add_option("--accounts", options.accounts, "%d is the account's number")->capture_default_str();
    command.add_option("--passwords", options.passwords, "%d is the account's number")->capture_default_str();
    command.add_option("--first-account", options.first_account, "number of the first account")->capture_default_str();
    command.add_option("--server-pid", options.server, "report CPU and memory of this process and its children");
    command.add_option("--concurrency", options.concurrency, "operations at a time")
        ->check(CLI::Range(1, 60'000))
        ->capture_default_str();
    command.add_option("--registered", options.registered, "lines to register first, if more than needed")
        ->check(CLI::Range(0, 1'000'000));
    command.add_option("--lines-per-connection", options.lines_per_connection)
        ->check(CLI::Range(1, 1000))
        ->capture_default_str();
    command
        .add_option("--connections-per-source", options.connections_per_source, "then the next address of 127.0.0.0/8")
        ->check(CLI::Range(1, 20'000))
        ->capture_default_str();
    command.add_option("--rate", options.rate, "operations per second; 0: the next when one has ended")
        ->check(CLI::Range(0.0, most_operations_per_second));
    command.add_option("--ramp-rate", options.ramp_rate, "connections per second while preparing; 0: no limit")
        ->check(CLI::Range(0.0, most_operations_per_second));
    command.add_option("--count", options.count, "operations to do, instead of --duration")
        ->check(CLI::Range(0, 100'000'000));
    seconds_option(command, "--duration", options.duration, "seconds");
    seconds_option(command, "--warm-up", options.warm_up, "seconds of the same load, not measured");
    seconds_option(command, "--timeout", options.timeout, "seconds for one answer");
    seconds_option(command, "--hold", options.hold, "call: seconds between ACK and BYE");
    seconds_option(command, "--within", options.within, "storm: seconds until all must be back");
    seconds_option(command, "--reconnect", options.reconnect,
                   "call: seconds after which a lost connection comes back and registers; its calls go on");
    command.add_flag("--server-ends", options.server_ends,
                     "storm: wait for the server to end all connections, and come back at once; says `ready` before it "
                     "waits");
    seconds_option(command, "--settle", options.settle, "idle: seconds before memory is read");
    command.add_option("--idle-base", options.idle_base, "idle: connections at which the slope starts")
        ->capture_default_str();
    command.add_option("--expires", options.expires)->check(CLI::Range(60, 86'400))->capture_default_str();
    command.add_option("--seed", options.seed, "repeats a run's random values; 0: new ones");
    command.add_flag("--reuse-nonce", options.reuse_nonce, "refresh with the last nonce: one exchange, not two");
    command.add_flag("--callee-hangs-up", options.callee_hangs_up, "the called side sends the BYE");
    command.add_flag("--expect-private", options.expect_private,
                     "an error if the called side sees the caller's own identifiers");
    command.add_flag("--expect-overload", options.expect_overload, "503 with Retry-After is counted, not an error");
    command.add_flag("--floor", options.floor, "the target is `sotto-load echo-server`");
    command.add_flag("--json", options.json);
}

int generate(Options& options, const std::string& target)
{
    options.target = parse_loopback(target);
    if (options.seed == 0) options.seed = std::random_device{}();
    const auto measured = run(options);
    std::cout << (options.json ? as_json(options, measured) : as_text(options, measured));
    return measured.tally.error_count() == 0 ? 0 : 1;
}

} // namespace

int main(int argc, char** argv)
{
    CLI::App app{"Load generator and correctness checker for SIP servers over TLS 1.3, for this machine only"};
    app.require_subcommand(1);
    Options options;
    std::string target;
    add_profile(app, options, target, Profile::registration, "REGISTER, 401, REGISTER, 200, again and again");
    add_profile(app, options, target, Profile::call, "challenged calls between registered lines, from INVITE to BYE");
    add_profile(app, options, target, Profile::message, "challenged MESSAGE between registered lines");
    add_profile(app, options, target, Profile::handshake, "a new connection, REGISTER, 401");
    add_profile(app, options, target, Profile::idle, "registered connections that do nothing: memory of the server");
    add_profile(app, options, target, Profile::storm, "all connections are lost and come back");
    add_profile(app, options, target, Profile::mixed, "refreshes, calls, messages and reconnections");

    EchoOptions echo;
    std::string listen;
    auto& server = *app.add_subcommand("echo-server", "the floor: TLS that answers with what it has read");
    server.add_option("--listen", listen)->required()->check(loopback);
    server.add_option("--certificate", echo.certificate)->required();
    server.add_option("--private-key", echo.private_key)->required();
    server.add_option("--padding", echo.padding, "records fill whole cells of so many bytes")
        ->check(CLI::Range(0, 16'384));

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& wrong) {
        return app.exit(wrong) == 0 ? 0 : 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    try {
        if (!server.parsed()) return generate(options, target);
        echo.listen = parse_loopback(listen);
        serve_echo(echo);
        return 0;
    } catch (const std::exception& fault) {
        std::cerr << "sotto-load: " << fault.what() << '\n';
        return 2;
    }
}
