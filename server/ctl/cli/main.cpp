#include "config/load.hpp"
#include "core/privacy/minimisation_page.hpp"
#include "core/types/ascii.hpp"
#include "core/types/utf8.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/assess/findings.hpp"
#include "ctl/assess/observe.hpp"
#include "ctl/cli/backend.hpp"
#include "ctl/cli/csv.hpp"
#include "ctl/cli/invocation.hpp"
#include "ctl/cli/password.hpp"
#include "ctl/cli/printer.hpp"
#include "ctl/cli/rows_as_csv.hpp"
#include "ctl/cli/subject_archive.hpp"
#include "os/clocks.hpp"
#include "os/process.hpp"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <span>
#include <system_error>
#include <utility>

namespace sotto::ctl {
namespace {

constexpr std::size_t most_mistakes_shown = 20;

std::string all_problems(const config::Loaded& loaded)
{
    std::string all;
    for (const auto& problem : loaded.problems) all.append(all.empty() ? "" : "\n").append(config::to_string(problem));
    return all;
}

/// What is about the file, or needs more of it than where the daemon is asked.
bool needs_file(const Command& command)
{
    return command.words == "account import" || command.words.starts_with("config ") || command.words == "reload";
}

/// Null when no daemon is there to be asked.
std::unique_ptr<Backend> daemon_despite(const config::Loaded& loaded, const Command& command)
{
    if (needs_file(command) || !tells_socket(loaded)) return nullptr;
    try {
        return connect(loaded.settings, false);
    } catch (const std::exception&) { // the path may be none
        return nullptr;
    }
}

/// With a file that is wrong a daemon that runs is asked all the same, and no store is opened.
std::unique_ptr<Backend> backend_for(const config::Loaded& loaded, const Command& command)
{
    if (loaded.good()) return connect(loaded.settings, command.place == Place::daemon_or_store);
    auto daemon = daemon_despite(loaded, command);
    if (!daemon) throw Refused{status_refused, all_problems(loaded)};
    print_error(all_problems(loaded) + "\nthe file is wrong; the daemon at " + loaded.settings.admin.socket.string() +
                " is asked all the same, and goes by what it read before");
    return daemon;
}

int status_of(const CommandError& error)
{
    if (error.code == usage_code) return status_usage;
    if (error.code == unavailable_code) return status_unreachable;
    return status_refused;
}

/// The result, or Refused with the error's sentence.
json::object expect(Reply reply)
{
    if (const auto* error = std::get_if<CommandError>(&reply)) throw Refused{status_of(*error), error->sentence};
    return std::get<json::object>(std::move(reply));
}

/// A domain that is not ours is most often mistyped: say which one is near.
void check_domain(const std::string& address, const config::Settings& settings)
{
    const auto at = address.rfind('@');
    if (at == std::string::npos) return;
    const auto names = account_policy(settings).names;
    const auto domain = lower(std::string_view{address}.substr(at + 1));
    if (names.contains(domain)) return;
    std::vector<std::string> candidates;
    candidates.reserve(names.size());
    for (const auto& [name, meant] : names) candidates.push_back(name);
    const auto meant = config::nearest(domain, candidates);
    throw Refused{status_refused,
                  address + " is not in a domain that the configuration serves" +
                      (meant.empty() ? "" : ": did you mean " + address.substr(0, at + 1) + meant + "?")};
}

std::string password_for(const Invocation& invocation)
{
    auto password = invocation.secret_stdin ? password_from_stdin() : ask_password(invocation.text("address"));
    if (password && !is_utf8(*password)) throw Refused{status_usage, "the password is not UTF-8"};
    if (password) return *std::move(password);
    throw Refused{status_usage, invocation.secret_stdin ? "standard input holds no password"
                                                        : "no password: give it twice alike on a terminal, or use "
                                                          "--password-stdin"};
}

/// The command's question. What was agreed to goes into the request where the daemon wants to hear of it.
void require_agreement(Invocation& invocation)
{
    const auto& command = *invocation.command;
    if (command.confirmation.empty()) return;
    if (!invocation.yes) {
        const auto question = filled_in(command.confirmation, invocation);
        const auto said = confirm(question);
        if (!said) throw Refused{status_usage, "nobody is there to answer \"" + question + "\": say yes by --yes"};
        if (!*said) throw Refused{status_refused, "nothing was done"};
    }
    for (const auto& argument : command.arguments)
        if (argument.take == Take::agreed) invocation.arguments[argument.name] = true;
}

/// The daemon cannot ask: its sandbox, which faces the network, closes all that could set a clock.
void ask_the_kernel(Invocation& invocation)
{
    for (const auto& argument : invocation.command->arguments)
        if (argument.take == Take::steered) invocation.arguments[argument.name] = os::clock_synchronised();
}

void print_csv(const Command& command, const json::object& result)
{
    for (const auto& row : result.at(command.answer.rows).as_array())
        std::fputs(csv_line(command.answer.fields, row.as_object()).c_str(), stdout);
}

/// An answer that did not arrive was not given: the disk behind it is full, or its reader has gone. Calls of an invoice
/// run that are taken for exported would be on no invoice.
void require_written()
{
    errno = 0;
    if (std::fflush(stdout) == 0 && std::ferror(stdout) == 0) return;
    const auto reason = errno == 0 ? std::string{} : ": " + std::generic_category().message(errno);
    throw Refused{status_refused, "the answer cannot be written to standard output" + reason};
}

/// All pages of a list, as one.
class Pages {
public:
    explicit Pages(const Invocation& invocation) : invocation_{invocation}, printer_{*invocation.command}
    {
        if (invocation_.csv) std::fputs(csv_header(answer().fields).c_str(), stdout);
        if (invocation_.json) std::printf("{\"%s\":[", std::string{answer().rows}.c_str());
    }

    void add(const json::object& page)
    {
        print(page);
        require_written(); // before the next page is asked for
    }

    void end(const json::object& last_page)
    {
        json::object beside;
        for (const auto& field : answer().beside) beside[field.name] = last_page.at(field.name);
        close(beside);
    }

    /// The next page does not come.
    [[noreturn]] void break_off(int status, const std::string& sentence)
    {
        close({{"error", json::object{{"status", status}, {"sentence", sentence}}}});
        print_error(sentence);
        throw Refused{status, ""};
    }

private:
    [[nodiscard]] const Answer& answer() const { return invocation_.command->answer; }

    void print(const json::object& page)
    {
        if (invocation_.csv) return print_csv(*invocation_.command, page);
        if (!invocation_.json) return printer_.add(page);
        for (const auto& entry : page.at(answer().rows).as_array())
            std::printf("%s%s", std::exchange(first_, false) ? "" : ",", json::serialize(entry).c_str());
    }

    void close(const json::object& beside)
    {
        if (invocation_.json) {
            const auto members = json::serialize(beside);
            std::printf("]%s%s\n", beside.empty() ? "" : ",", members.c_str() + 1);
        } else if (!invocation_.csv)
            printer_.finish();
    }

    const Invocation& invocation_;
    Printer printer_;
    bool first_{true};
};

void print_pages(const Invocation& invocation, Backend& backend)
{
    auto arguments = invocation.arguments;
    auto page = expect(backend.call(invocation.command->words, arguments)); // a refusal stands alone
    Pages pages{invocation};
    for (;;) {
        pages.add(page);
        if (page.at("next").as_string().empty()) break;
        arguments["from"] = page.at("next");
        try {
            page = expect(backend.call(invocation.command->words, arguments));
        } catch (const Refused& refused) {
            pages.break_off(refused.status(), refused.what());
        } catch (const Unreachable& lost) {
            pages.break_off(status_unreachable, lost.what());
        }
    }
    pages.end(page);
    // What stands in a log that was changed is shown, and what was changed is said.
    const auto* broken = page.if_contains("broken");
    if (broken == nullptr || broken->as_string().empty()) return;
    print_error(std::string{broken->as_string()});
    throw Refused{status_refused, ""};
}

CsvFile read_import(const Invocation& invocation, const config::Settings& settings)
{
    const bool piped = invocation.file == "-";
    std::ifstream named;
    if (!piped) named.open(invocation.file);
    auto file = read_csv(piped ? std::cin : named, account_policy(settings));
    // A folder can be opened, and a disk may fail half-way.
    if (piped ? std::ferror(stdin) != 0 : !named.is_open() || named.bad())
        throw Refused{status_refused,
                      (piped ? "standard input" : invocation.file.string()) + " cannot be read: nothing was imported"};
    return file;
}

/// The end of the batch that begins at `from`: no more rows than a request may hold, however their text is escaped.
std::size_t batch_end(const std::vector<CsvRow>& rows, std::size_t from)
{
    constexpr std::size_t around_a_row = 16;
    constexpr std::size_t around_all = 1024;
    std::size_t bytes = around_all;
    auto to = from;
    while (to < rows.size() && to - from < rows_per_batch) {
        bytes += 2 * (rows[to].account.address.size() + rows[to].account.password.size()) + around_a_row;
        if (bytes > longest_request) break;
        ++to;
    }
    return to;
}

/// The whole file is checked before the first account is added.
json::object import_accounts(const Invocation& invocation, const config::Settings& settings)
{
    auto file = read_import(invocation, settings);
    for (std::size_t i = 0; i < std::min(file.mistakes.size(), most_mistakes_shown); ++i)
        print_error(invocation.file.string() + ":" + std::to_string(file.mistakes[i].line) + ": " +
                    file.mistakes[i].sentence);
    if (!file.mistakes.empty())
        throw Refused{status_refused, std::to_string(file.mistakes.size()) + " wrong lines: nothing was imported"};
    const auto backend = connect(settings, true);
    std::int64_t added = 0;
    std::int64_t existing = 0;
    Progress progress{"importing", file.rows.size()};
    for (std::size_t from = 0, to = 0; from < file.rows.size(); from = to) {
        to = batch_end(file.rows, from);
        json::array rows;
        for (auto i = from; i < to; ++i)
            rows.push_back(json::array{file.rows[i].account.address, file.rows[i].account.password});
        const auto result = [&] {
            json::object arguments{{"rows", std::move(rows)}, {"more", to < file.rows.size()}};
            if (const auto why = invocation.text("reason"); !why.empty()) arguments["reason"] = why;
            return expect(backend->call("account import", arguments));
        }();
        if (const auto& refused = result.at("refused").as_array(); !refused.empty()) {
            const auto& mistake = refused.front().as_object();
            const auto line = file.rows[from + mistake.at("index").to_number<std::size_t>()].line;
            throw Refused{status_refused, "line " + std::to_string(line) + ": " +
                                              std::string{mistake.at("sentence").as_string()} +
                                              "; lines before were imported, import again after correcting it"};
        }
        added += result.at("added").to_number<std::int64_t>();
        existing += result.at("existing").to_number<std::int64_t>();
        progress.at(to);
    }
    return {{"added", added}, {"existing", existing}};
}

void print_result(const Invocation& invocation, const json::object& result)
{
    const auto& command = *invocation.command;
    if (invocation.json) return print_json(result);
    if (invocation.csv) {
        std::fputs(csv_header(command.answer.fields).c_str(), stdout);
        return print_csv(command, result);
    }
    if (!command.answer.sentence.empty()) {
        std::printf("%s\n", filled_in(command.answer.sentence, invocation).c_str());
        return;
    }
    Printer printer{command};
    printer.add(result);
    printer.finish();
}

void check_domains(const Invocation& invocation, const config::Settings& settings)
{
    for (const auto& argument : invocation.command->arguments)
        if (argument.take == Take::address) check_domain(invocation.text(argument.name), settings);
}

/// An account is shown, handed out and removed, whether or not its domain is served any longer.
bool takes_any_domain(const Command& command)
{
    return command.words == "account show" || command.words == "account remove" ||
           command.words.starts_with("subject ");
}

json::object ask(const Invocation& invocation, const config::Loaded& loaded, Backend& backend)
{
    auto reply = backend.call(invocation.command->words, invocation.arguments);
    const auto* error = std::get_if<CommandError>(&reply);
    if (error != nullptr && error->code == "not_served" && loaded.good()) check_domains(invocation, loaded.settings);
    return expect(std::move(reply));
}

/// `report minimisation`: the page for a person, the rows for a program.
void report_minimisation(const Invocation& invocation)
{
    if (!invocation.json && !invocation.csv) {
        std::fputs(minimisation_page().c_str(), stdout);
        return;
    }
    json::array rows;
    for (const auto& rule : header_rules()) {
        json::object row{{"header", name_of(rule.header)}, {"why", rule.reason}, {"source", rule.source}};
        for (const bool request : {true, false}) {
            json::object treatments;
            for (const auto receiver : {Receiver::subscriber, Receiver::peer, Receiver::gateway, Receiver::emergency})
                treatments[name_of(receiver)] = name_of(rule.treatment(request, receiver));
            row[request ? "request" : "response"] = std::move(treatments);
        }
        rows.push_back(std::move(row));
    }
    print_result(invocation, json::object{{"headers", std::move(rows)}});
}

/// `assess`: the table and the score for a person.
void assess_server(const Invocation& invocation)
{
    const auto target = assess::target_from(invocation.text("server"));
    if (!target) throw Refused{status_usage, "name the server as HOST or HOST:PORT, an IPv6 address in brackets"};
    const auto findings = [&] {
        Progress progress{"looking at " + target->host + ", step", assess::steps};
        return assess::judge(assess::observe(*target, [&](std::size_t done) { progress.at(done); }));
    }();
    json::array rows;
    for (const auto& finding : findings)
        rows.push_back(json::object{{"check", finding.check},
                                    {"verdict", assess::name_of(finding.verdict)},
                                    {"points", finding.points},
                                    {"of", finding.of},
                                    {"seen", finding.seen},
                                    {"matters", finding.matters}});
    const auto score = assess::score(findings);
    print_result(invocation, {{"host", target->host}, {"port", target->port}, {"score", score}, {"findings", rows}});
    if (!invocation.json && !invocation.csv) std::printf("\nscore: %d of 100\n", score);
    if (std::ranges::find(findings, assess::Verdict::bad, &assess::Finding::verdict) != findings.end())
        throw Refused{status_refused, ""};
}

void run(Invocation& invocation)
{
    const auto& command = *invocation.command;
    if (command.words == "report minimisation") return report_minimisation(invocation);
    if (command.words == "assess") return assess_server(invocation);
    const auto loaded = config::load(invocation.config);
    if (loaded.good() && !takes_any_domain(command)) check_domains(invocation, loaded.settings);
    if (invocation.csv && command.answer.rows.empty()) // before anything is done of which nothing could be told
        throw Refused{status_usage, "this command answers no rows: --csv is for those that do"};
    if (loaded.good() && command.words == "account import")
        return print_result(invocation, import_accounts(invocation, loaded.settings));
    const auto backend = backend_for(loaded, command);
    for (const auto& argument : command.arguments)
        if (argument.take == Take::secret) invocation.arguments[argument.name] = password_for(invocation);
    require_agreement(invocation);
    ask_the_kernel(invocation);
    if (command.paged) return print_pages(invocation, *backend);
    auto result = ask(invocation, loaded, *backend);
    if (command.words == "subject export") result = write_subject_archive(invocation.file, result);
    print_result(invocation, result);
}

int report(int status, std::string_view sentence, bool as_json)
{
    if (sentence.empty()) return status;
    print_error(sentence);
    if (as_json) print_json(json::object{{"error", json::object{{"status", status}, {"sentence", as_utf8(sentence)}}}});
    return status;
}

/// The words that were typed name subscribers. The kernel would show them to everybody on the machine, and to journald,
/// which keeps them as _CMDLINE beside each line that a process logs.
void hide(std::span<char*> words)
{
    for (char* word : words.subspan(std::min<std::size_t>(1, words.size()))) explicit_bzero(word, std::strlen(word));
}

} // namespace
} // namespace sotto::ctl

int main(int argc, char** argv)
{
    using namespace sotto;
    using namespace sotto::ctl;
    os::occupy_standard_descriptors();
    std::signal(SIGPIPE, SIG_IGN);
    Invocation invocation;
    // Known also where the command line is too wrong to be read.
    invocation.json = std::ranges::find(argv, argv + argc, std::string_view{"--json"}) != argv + argc;
    try {
        invocation = read_command_line(argc, argv);
        hide({argv, static_cast<std::size_t>(argc)});
        run(invocation);
        require_written();
        return status_done;
    } catch (const Refused& refused) {
        return report(refused.status(), refused.what(), invocation.json);
    } catch (const assess::NotReached& nobody) {
        return report(status_unreachable, nobody.what(), invocation.json);
    } catch (const Unreachable& unreachable) {
        return report(status_unreachable, unreachable.what(), invocation.json);
    } catch (const std::exception& broken) {
        return report(status_unreachable, broken.what(), invocation.json);
    }
}
