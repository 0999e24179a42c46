#include "config/load.hpp"
#include "core/types/ascii.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/cli/backend.hpp"
#include "ctl/cli/csv.hpp"
#include "ctl/cli/invocation.hpp"
#include "ctl/cli/password.hpp"
#include "ctl/cli/printer.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <fstream>
#include <iostream>

namespace sotto::ctl {
namespace {

constexpr std::size_t most_mistakes_shown = 20;

config::Settings load_settings(const std::filesystem::path& file)
{
    const auto loaded = config::load(file);
    if (loaded.good()) return loaded.settings;
    std::string all;
    for (const auto& problem : loaded.problems) all.append(all.empty() ? "" : "\n").append(config::to_string(problem));
    throw Refused{status_refused, all};
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

std::string address_of(const Invocation& invocation)
{
    const auto* address = invocation.arguments.if_contains("address");
    return address == nullptr ? std::string{} : std::string{address->get_string()};
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
    for (const auto& [name, meant] : names) candidates.push_back(name);
    const auto meant = config::nearest(domain, candidates);
    throw Refused{status_refused,
                  address + " is not in a domain that the configuration serves" +
                      (meant.empty() ? "" : ": did you mean " + address.substr(0, at + 1) + meant + "?")};
}

std::string password_for(const Invocation& invocation)
{
    auto password = invocation.password_stdin ? password_from_stdin() : ask_password(address_of(invocation));
    if (password) return *std::move(password);
    throw Refused{status_usage, invocation.password_stdin ? "standard input holds no password"
                                                          : "no password: give it twice alike on a terminal, or use "
                                                            "--password-stdin"};
}

void confirm_removal(const Invocation& invocation)
{
    if (invocation.yes) return;
    const auto what = invocation.command == "account remove"
                          ? "Remove " + address_of(invocation) + " for good?"
                          : "End this registration of " + address_of(invocation) + "?";
    const auto said = confirm(what);
    if (!said) throw Refused{status_usage, "this removes something: confirm with --yes"};
    if (!*said) throw Refused{status_refused, "nothing was removed"};
}

void list_accounts(Backend& backend, bool as_json)
{
    Table table{account_heading()};
    json::object arguments;
    bool first = true;
    if (as_json) std::fputs("{\"accounts\":[", stdout);
    for (;;) {
        auto page = expect(backend.call("account list", arguments));
        for (const auto& entry : page.at("accounts").as_array()) {
            if (as_json)
                std::printf("%s%s", first ? "" : ",", json::serialize(entry).c_str());
            else
                table.add(account_row(entry.as_object()));
            first = false;
        }
        table.flush();
        if (page.at("next").as_string().empty()) break;
        arguments["from"] = page.at("next");
    }
    if (as_json)
        std::puts("]}");
    else if (first)
        std::puts("no accounts: `sotto account add ADDRESS` adds one");
}

CsvFile read_import(const Invocation& invocation, const config::Settings& settings)
{
    const auto policy = account_policy(settings);
    if (invocation.csv == "-") return read_csv(std::cin, policy);
    std::ifstream in{invocation.csv};
    if (!in) throw Refused{status_refused, invocation.csv.string() + " cannot be read"};
    return read_csv(in, policy);
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
        print_error(invocation.csv.string() + ":" + std::to_string(file.mistakes[i].line) + ": " +
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
        const auto result =
            expect(backend->call("account import", {{"rows", std::move(rows)}, {"more", to < file.rows.size()}}));
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
    if (invocation.json) return print_json(result);
    const auto address = address_of(invocation);
    if (invocation.command == "binding list") return print_bindings(result);
    if (invocation.command == "account show" || invocation.command == "account set")
        return print_account(result.at("account").as_object());
    if (invocation.command == "account add")
        std::printf("added %s\n", address.c_str());
    else if (invocation.command == "account remove")
        std::printf("removed %s\n", address.c_str());
    else if (invocation.command == "account password")
        std::printf("new password set for %s\n", address.c_str());
    else if (invocation.command == "binding remove")
        std::puts("registration ended");
    else if (invocation.command == "drain")
        std::puts("draining: no new calls, running ones go on");
    else
        print_properties(result);
}

void run(Invocation& invocation)
{
    const auto settings = load_settings(invocation.config);
    check_domain(address_of(invocation), settings);
    const bool on_account = invocation.command.starts_with("account ");
    if (invocation.command == "account import") return print_result(invocation, import_accounts(invocation, settings));
    const auto backend = connect(settings, on_account);
    if (invocation.command == "account list") return list_accounts(*backend, invocation.json);
    if (invocation.command == "account add" || invocation.command == "account password")
        invocation.arguments["password"] = password_for(invocation);
    if (invocation.command.ends_with(" remove")) confirm_removal(invocation);
    print_result(invocation, expect(backend->call(invocation.command, invocation.arguments)));
}

int report(int status, std::string_view sentence, bool as_json)
{
    if (sentence.empty()) return status;
    print_error(sentence);
    if (as_json) print_json(json::object{{"error", json::object{{"status", status}, {"sentence", sentence}}}});
    return status;
}

} // namespace
} // namespace sotto::ctl

int main(int argc, char** argv)
{
    using namespace sotto::ctl;
    std::signal(SIGPIPE, SIG_IGN);
    Invocation invocation;
    try {
        invocation = read_command_line(argc, argv);
        run(invocation);
        return status_done;
    } catch (const Refused& refused) {
        return report(refused.status(), refused.what(), invocation.json);
    } catch (const Unreachable& unreachable) {
        return report(status_unreachable, unreachable.what(), invocation.json);
    } catch (const std::exception& broken) {
        return report(status_unreachable, broken.what(), invocation.json);
    }
}
