#include "ctl/admin/ledger_commands.hpp"

#include "core/billing/tariff.hpp"
#include "core/retention/timekeeper.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/arguments.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/audited_addresses.hpp"
#include "store/ledger/master_key.hpp"
#include "store/private_file.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <map>
#include <pwd.h>

namespace sotto::ctl {
namespace {

using store::BilledCall;
using store::HoldCase;
using store::Outcome;
using store::wait_for;

constexpr std::uint32_t shortened = 3; ///< digits that a shortened itemised bill leaves out

CommandError wrong(std::string sentence) { return {std::string{usage_code}, std::move(sentence)}; }
CommandError failed(store::Failure failure) { return error_of(failure, "the ledger"); }

std::string hex(std::uint64_t number)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(16, '0');
    for (std::size_t i = 0; i < 16; ++i) text[15 - i] = digits[(number >> (4 * i)) & 15U];
    return text;
}

std::optional<std::uint64_t> number_from(std::string_view text, int base)
{
    std::uint64_t number = 0;
    const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    return fault == std::errc{} && end == text.data() + text.size() ? std::optional{number} : std::nullopt;
}

/// Who is at the other end, by the name in the user database: two operators are two users.
std::string name_of(const PeerCredentials& peer)
{
    std::array<char, 1024> space{};
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(peer.uid, &entry, space.data(), space.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return "uid " + std::to_string(peer.uid);
}

std::optional<store::AccountRecord> account_at(const LedgerView& view, const std::string& address, CommandError& error)
{
    auto shown = wait_for<store::AccountRecord>([&](auto done) { view.accounts->show(address, std::move(done)); });
    if (shown) return std::move(*shown);
    error = error_of(shown.error(), address);
    return std::nullopt;
}

/// What is known of a call from its begin on.
json::object begun_row(const store::CallRecord& record, bool hide_digits)
{
    return {{"start", to_text(record.start)},
            {"destination", billing::rated_destination(record.destination, hide_digits ? shortened : 0)},
            {"tariff", record.tariff},
            {"route", record.route}};
}

json::object call_row(const BilledCall& call, bool hide_digits)
{
    auto row = begun_row(call.record, hide_digits);
    row["id"] = hex(call.id);
    row["account"] = hex(call.account.value);
    row["seconds"] = call.record.seconds;
    return row;
}

// ---- billing

/// Where a page begins: the number of the run, a colon, and what the store says.
struct Page {
    std::uint32_t run{0};
    std::string from;
};

/// None is 0, which would mean the next one.
std::optional<std::uint32_t> run_from(std::string_view text)
{
    const auto number = number_from(text, 10);
    if (!number || *number == 0 || *number > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
    return static_cast<std::uint32_t>(*number);
}

std::optional<Page> page_from(std::string_view text)
{
    const auto colon = text.find(':');
    const auto run = colon == std::string_view::npos ? std::nullopt : run_from(text.substr(0, colon));
    if (!run) return std::nullopt;
    return Page{*run, std::string{text.substr(colon + 1)}};
}

/// The first address of a billed account; empty: it was removed. A domain that is served no longer is asked for in the
/// store: its calls are billed all the same.
Outcome<std::string> address_of(const LedgerView& view, const AccountDirectory& served, AccountId id)
{
    if (const auto* account = served.find(id)) return std::string{account->user}.append("@").append(account->domain);
    const auto kept = wait_for<store::AccountRecord>([&](auto done) { view.accounts->find(id, std::move(done)); });
    if (kept) return (*kept).addresses.front().text();
    return kept.error() == store::Failure::not_found ? Outcome<std::string>{std::string{}} : kept.error();
}

Reply export_calls(const LedgerView& view, const Arguments& arguments)
{
    const auto month = month_from(arguments.text("period"));
    if (!month) return wrong("the period is no month such as 2026-11");
    auto day = std::chrono::floor<std::chrono::days>(view.now());
    if (const auto text = arguments.optional_text("invoice_date")) {
        if (arguments.optional_text("run")) return wrong("a run that is given once more keeps its invoice date");
        const auto time = time_from(*text);
        if (!time) return wrong("the invoice date is no day such as 2026-12-03");
        if (*time > view.now()) return wrong("the invoice date lies ahead: retention would begin too late");
        if (*time < retention::Day{*month / 1})
            return wrong("the invoice date lies before the calls: they would be destroyed too early");
        day = std::chrono::floor<std::chrono::days>(*time);
    }
    Page page;
    if (const auto from = arguments.optional_text("from")) {
        const auto read = page_from(*from);
        if (!read) return wrong("this is not where a page begins");
        page = *read;
    } else if (const auto text = arguments.optional_text("run")) {
        const auto run = run_from(*text);
        if (!run) return wrong("the run is no number from 1 to 4294967295");
        page.run = *run;
    }
    const auto run = wait_for<store::InvoiceRun>([&](auto done) {
        if (page.run == 0)
            view.ledger->invoice(*month, day, std::move(done));
        else
            view.ledger->invoice_again(*month, page.run, page.from, std::move(done));
    });
    if (!run) return failed(run.error());
    if ((*run).run == 0)
        return CommandError{"nothing_to_bill",
                            page.run == 0
                                ? "no call of this month waits for an invoice: --run 1, 2 and so on give earlier "
                                  "runs once more"
                                : "there is no such run any more"};
    if ((*run).lost)
        return CommandError{"refused", "the place where this page begins is gone, by retention or a rotation of keys: "
                                       "read the run from its start (--run)"};
    const auto hide_digits = arguments.optional_flag("hide_digits").value_or(false);
    const auto served = view.accounts->directory();
    std::map<AccountId, std::string> addresses;
    json::array rows;
    for (const auto& call : (*run).calls) {
        auto row = call_row(call, hide_digits);
        const auto [account, fresh] = addresses.try_emplace(call.account);
        if (fresh) {
            auto address = address_of(view, *served, call.account);
            if (!address) return error_of(address.error(), "the list of accounts");
            account->second = std::move(*address);
        }
        row["address"] = account->second;
        row["run"] = (*run).run;
        rows.push_back(std::move(row));
    }
    return json::object{{"period", to_text(*month)},
                        {"run", (*run).run},
                        {"invoice_date", to_text(retention::Time{(*run).day}).substr(0, 10)},
                        {"calls", std::move(rows)},
                        {"next", (*run).next.empty() ? std::string{} : std::to_string((*run).run) + ":" + (*run).next}};
}

// ---- retention

/// `now`, or the time that the command names.
std::optional<retention::Time> time_of(const LedgerView& view, const Arguments& arguments)
{
    const auto text = arguments.optional_text("now");
    return text ? time_from(*text) : std::optional{view.now()};
}

Reply plan(const LedgerView& view, const Arguments& arguments)
{
    const auto now = time_of(view, arguments);
    if (!now) return wrong("the time is not one such as 2026-12-31T00:00:00Z");
    if (view.ledger == nullptr) return json::object{{"now", to_text(*now)}, {"orphans", 0}, {"rows", json::array{}}};
    const auto planned = wait_for<store::RetentionPlan>(
        [&](auto done) { view.ledger->plan_retention(view.policy(), *now, std::move(done)); });
    if (!planned) return failed(planned.error());
    // One line for what comes and goes together; it names nobody.
    using Line = std::tuple<std::chrono::year_month, retention::Case, retention::Time, retention::Reason, bool, bool>;
    std::map<Line, std::pair<std::size_t, std::size_t>> lines;
    for (const auto& decision : (*planned).decisions) {
        const auto& row = (*planned).rows[decision.row];
        auto& [calls, accounts] =
            lines[{row.month, row.kind, decision.until, decision.reason, decision.held.has_value(), decision.goes}];
        calls += row.calls;
        ++accounts;
    }
    json::array rows;
    for (const auto& [line, count] : lines) {
        const auto& [month, kind, until, reason, held, goes] = line;
        rows.push_back(json::object{{"month", to_text(month)},
                                    {"case", retention::rule_of(kind).name},
                                    {"calls", count.first},
                                    {"accounts", count.second},
                                    {"reason", retention::name_of(reason)},
                                    {"until", to_text(until)},
                                    {"held", held},
                                    {"goes", goes}});
    }
    return json::object{{"now", to_text(*now)}, {"orphans", (*planned).orphans}, {"rows", std::move(rows)}};
}

Reply run(const LedgerView& view, const Arguments& arguments)
{
    if (arguments.optional_flag("steered").value_or(false)) view.confirm_clock();
    const auto now = time_of(view, arguments);
    if (!now) return wrong("the time is not one such as 2026-12-31T00:00:00Z");
    if (arguments.optional_text("now")) {
        // Looking ahead is for the plan: a run in the future would destroy what is still to be kept.
        const auto calendar = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
        if (*now > calendar) return wrong("this time lies ahead of the calendar: use it with retention plan");
        // Who names another time than the calendar shows does not say that the calendar is right.
        if (calendar - *now > retention::Timekeeper::tolerance)
            return wrong("the calendar shows " + to_text(calendar) +
                         ": name the time that it is, or set the clock right");
        view.confirm_clock();
    }
    if (view.ledger == nullptr)
        return json::object{{"now", to_text(*now)}, {"calls", 0}, {"periods", 0}, {"held", 0}, {"holds", 0}};
    const auto report = wait_for<store::RetentionReport>(
        [&](auto done) { view.ledger->run_retention(view.policy(), *now, std::move(done)); });
    if (!report) return failed(report.error());
    view.retention_was_run();
    const auto& done = *report;
    return json::object{{"now", to_text(*now)},
                        {"calls", done.calls + done.orphans},
                        {"periods", done.periods},
                        {"held", done.held},
                        {"holds", done.holds}};
}

// ---- holds

json::object hold_row(const HoldCase& hold)
{
    return {{"hold", hex(hold.id.value)},
            {"kind", store::name_of(hold.kind)},
            {"reference", hold.reference},
            {"basis", hold.basis},
            {"account", hex(hold.account.value)},
            {"first", to_text(hold.first)},
            {"last", to_text(hold.last)},
            {"expires", to_text(hold.expires)},
            {"asked_by", hold.asked_by},
            {"consented_by", hold.consented_by},
            {"in_force", !hold.consented_by.empty()}};
}

/// After a change of holds.
Reply hold_reply(const LedgerView& view, const Outcome<store::HoldOutcome<HoldCase>>& outcome)
{
    if (!outcome) return failed(outcome.error());
    if (!*outcome) return CommandError{"refused", std::string{store::sentence_for((*outcome).error())}};
    view.holds_changed();
    return json::object{{"hold", hold_row(**outcome)}};
}

std::optional<store::HoldKind> kind_from(std::string_view name)
{
    for (const auto kind : {store::HoldKind::dispute, store::HoldKind::tracing, store::HoldKind::legal_order})
        if (store::name_of(kind) == name) return kind;
    return std::nullopt;
}

/// By an address; where that is gone, by the number that the export shows, as long as there are calls to keep.
std::optional<AccountId> account_to_hold(const LedgerView& view, const std::string& text, CommandError& error)
{
    if (const auto account = account_at(view, text, error)) return account->id;
    constexpr std::size_t digits = 16;
    const auto number = text.size() == digits ? number_from(text, 16) : std::nullopt;
    if (!number) return std::nullopt;
    const auto planned = wait_for<store::RetentionPlan>(
        [&](auto done) { view.ledger->plan_retention(view.policy(), view.now(), std::move(done)); });
    if (planned && std::ranges::any_of((*planned).rows, [&](const auto& row) { return row.account.value == *number; }))
        return AccountId{*number};
    error = {"not_found", "no call of the account " + text + " is kept"};
    return std::nullopt;
}

Reply add_hold(const LedgerView& view, const Arguments& arguments, const PeerCredentials& peer)
{
    const auto kind = kind_from(arguments.text("kind"));
    const auto first = month_from(arguments.text("first"));
    const auto last = month_from(arguments.optional_text("last").value_or(arguments.text("first")));
    const auto expires = time_from(arguments.text("expires"));
    if (!kind) return wrong("the kind is none of dispute, tracing, legal-order");
    if (!first || !last) return wrong("the months are not such as 2026-11");
    if (!expires) return wrong("the expiry is no time such as 2027-03-01");
    CommandError error;
    const auto account = account_to_hold(view, arguments.text("address"), error);
    if (!account) return error;
    HoldCase hold{.id = {},
                  .kind = *kind,
                  .reference = arguments.text("reference"),
                  .basis = arguments.text("basis"),
                  .account = *account,
                  .first = *first,
                  .last = *last,
                  .expires = *expires,
                  .asked_by = name_of(peer),
                  .consented_by = {}};
    return hold_reply(view, wait_for<store::HoldOutcome<HoldCase>>([&](auto done) {
                          view.ledger->ask_hold(std::move(hold), view.now(), std::move(done));
                      }));
}

std::optional<retention::HoldId> hold_named(const Arguments& arguments)
{
    const auto number = number_from(arguments.text("hold"), 16);
    return number ? std::optional{retention::HoldId{*number}} : std::nullopt;
}

Reply approve_hold(const LedgerView& view, const Arguments& arguments, const PeerCredentials& peer)
{
    const auto id = hold_named(arguments);
    if (!id) return wrong("this is no hold, as `hold list` shows it");
    return hold_reply(view, wait_for<store::HoldOutcome<HoldCase>>([&](auto done) {
                          view.ledger->consent_to_hold(*id, name_of(peer), view.now(), std::move(done));
                      }));
}

Reply release_hold(const LedgerView& view, const Arguments& arguments)
{
    const auto id = hold_named(arguments);
    if (!id) return wrong("this is no hold, as `hold list` shows it");
    return hold_reply(view, wait_for<store::HoldOutcome<HoldCase>>(
                                [&](auto done) { view.ledger->release_hold(*id, std::move(done)); }));
}

Reply list_holds(const LedgerView& view, const Arguments&)
{
    if (view.ledger == nullptr) return json::object{{"holds", json::array{}}};
    const auto holds = wait_for<std::vector<HoldCase>>([&](auto done) { view.ledger->list_holds(std::move(done)); });
    if (!holds) return failed(holds.error());
    json::array rows;
    for (const auto& hold : *holds) rows.push_back(hold_row(hold));
    return json::object{{"holds", std::move(rows)}};
}

// ---- the person

json::array periods_of(const store::HeldCalls& held)
{
    json::array periods;
    for (const auto& period : held.periods)
        periods.push_back(json::object{{"month", to_text(period.month)},
                                       {"case", retention::rule_of(period.kind).name},
                                       {"calls", period.calls.size() + period.running.size()},
                                       {"reason", retention::name_of(period.reason)},
                                       {"until", to_text(period.until)},
                                       {"held", period.held}});
    return periods;
}

Reply export_subject(const LedgerView& view, const Arguments& arguments)
{
    CommandError error;
    const auto account = account_at(view, arguments.text("address"), error);
    if (!account) return error;
    json::object answer{{"account", to_json(*account)}, {"periods", json::array{}}, {"calls", json::array{}}};
    const auto blocked =
        wait_for<std::vector<KeyedHash>>([&](auto done) { view.accounts->blocked_by(account->id, std::move(done)); });
    if (!blocked) return error_of(blocked.error(), arguments.text("address"));
    json::array blocks;
    for (const auto& pseudonym : *blocked) blocks.emplace_back(hex(pseudonym.high) + hex(pseudonym.low));
    json::array devices;
    for (const auto& binding : view.bindings(account->id))
        devices.push_back(
            json::object{{"transport", transport_of(binding)}, {"expires_in", binding.expires_in.count()}});
    const auto known_as = audited_as(*account, *view.accounts, *view.audit, view.canonical);
    if (!known_as) return error_of(known_as.error(), arguments.text("address"));
    json::array audited;
    for (const auto& address : *known_as) {
        auto entries = audited_about(*view.audit, address);
        if (!entries) return error_of(entries.error(), arguments.text("address"));
        for (auto& entry : *entries)
            if (entry.at("purpose") != json::value("legal"))
                audited.push_back(std::move(entry)); // it must not warn anybody
    }
    answer["blocked_callers"] = std::move(blocks);
    answer["devices"] = std::move(devices);
    answer["audit"] = std::move(audited);
    if (view.ledger == nullptr) return answer;
    const auto held = wait_for<store::HeldCalls>(
        [&](auto done) { view.ledger->held_of(account->id, view.policy(), view.now(), std::move(done)); });
    if (!held) return failed(held.error());
    answer["periods"] = periods_of(*held);
    auto& calls = answer["calls"].get_array();
    for (const auto& period : (*held).periods) {
        for (const auto& call : period.calls) calls.push_back(call_row(call, false));
        for (const auto& record : period.running) calls.push_back(begun_row(record, false));
    }
    return answer;
}

/// The audit log no longer names these.
bool forgotten(const LedgerView& view, const std::vector<std::string>& addresses)
{
    return std::ranges::all_of(addresses, [&](const auto& address) { return view.audit->forget(address); });
}

Reply erase_subject(const LedgerView& view, const Arguments& arguments)
{
    const auto address = arguments.text("address");
    CommandError error;
    const auto account = account_at(view, address, error);
    if (!account) {
        if (error.code != "not_found" && error.code != "not_served") return error;
        // Removed, or erased before: what was asked about it since then.
        const auto left = audited_as(address, *view.accounts, *view.audit, view.canonical);
        if (!left) return error_of(left.error(), address);
        return forgotten(view, *left) ? error : error_of(store::Failure::unavailable, address);
    }
    const auto found = audited_as(*account, *view.accounts, *view.audit, view.canonical);
    if (!found) return error_of(found.error(), address);
    // First, so that a crash in between leaves a person who is erased at the next start.
    try {
        view.erasures->add(account->id);
    } catch (const store::StoreError&) {
        return error_of(store::Failure::unavailable, address);
    }
    json::array stays;
    if (view.ledger != nullptr) {
        const auto held = wait_for<store::HeldCalls>(
            [&](auto done) { view.ledger->erase(account->id, view.policy(), view.now(), std::move(done)); });
        if (!held) return failed(held.error());
        stays = periods_of(*held);
    }
    view.end_trace(account->id); // its end would name the person again
    if (!forgotten(view, *found)) return error_of(store::Failure::unavailable, address);
    const auto removed =
        wait_for<store::AccountRecord>([&](auto done) { view.accounts->remove(address, std::move(done)); });
    if (!removed) return error_of(removed.error(), address);
    return json::object{{"address", address}, {"stays", std::move(stays)}};
}

/// By name only: a link that leads elsewhere is stopped by the sandbox.
bool lies_below(const std::filesystem::path& folder, const std::filesystem::path& top)
{
    const auto below = folder.lexically_normal().lexically_relative(top.lexically_normal());
    return folder.is_absolute() && !below.empty() && below != "." && *below.begin() != "..";
}

CommandError not_copied(store::Failure failure, const std::string& database)
{
    if (failure != store::Failure::unavailable) return error_of(failure, database);
    return {std::string{unavailable_code}, database +
                                               " was not copied: the folder, or the database, cannot be written or "
                                               "read; make room on the disk, look at the rights of the folder"};
}

Reply back_up(const LedgerView& view, const Arguments& arguments)
{
    auto folder = std::filesystem::path{arguments.text("folder")}.lexically_normal();
    if (!folder.has_filename()) folder = folder.parent_path(); // the owner of the one above is looked at
    if (!lies_below(folder, view.state_directory))
        return wrong("the daemon may write below " + view.state_directory.string() +
                     " only: name a folder there, such as " + (view.state_directory / "backup").string());
    try {
        store::make_private_folder(folder);
    } catch (const store::StoreError& error) {
        return CommandError{"refused", error.what()};
    }
    std::error_code fault;
    std::filesystem::permissions(folder, std::filesystem::perms::owner_all, fault);
    json::array files;
    const auto accounts = wait_for<store::AccountStore::Nothing>(
        [&](auto done) { view.accounts->back_up(folder / "accounts.db", std::move(done)); });
    if (!accounts) return not_copied(accounts.error(), "accounts.db");
    files.emplace_back((folder / "accounts.db").string());
    if (view.ledger != nullptr) {
        const auto ledger = wait_for<store::Ledger::Nothing>(
            [&](auto done) { view.ledger->back_up(folder / "ledger.db", std::move(done)); });
        if (!ledger) return not_copied(ledger.error(), "ledger.db");
        files.emplace_back((folder / "ledger.db").string());
    }
    return json::object{{"files", std::move(files)}};
}

/// Empty: it holds a master key.
std::string wrong_in_key(const std::filesystem::path& file)
{
    try {
        store::read_master_key(file);
        return {};
    } catch (const store::StoreError& error) {
        const bool readable = std::ifstream{file}.is_open();
        return std::string{error.what()} +
               (readable ? "" : "; put it where the service may read: beside its configuration file, say");
    }
}

Reply change_key(const LedgerView& view, const Arguments& arguments)
{
    const std::filesystem::path file = arguments.text("file");
    std::error_code fault;
    if (!file.is_absolute() || !std::filesystem::is_regular_file(file, fault))
        return wrong("the file with the new master key is not an existing one, named from the root");
    if (const auto unusable = wrong_in_key(file); !unusable.empty()) return CommandError{"refused", unusable};
    const auto changed =
        wait_for<store::Ledger::Nothing>([&](auto done) { view.ledger->change_master_key(file, std::move(done)); });
    if (!changed) return failed(changed.error());
    return json::object{{"file", file.string()}};
}

Reply rotate_keys(const LedgerView& view, const Arguments&)
{
    const auto rotated = wait_for<std::size_t>([&](auto done) { view.ledger->rotate_keys(std::move(done)); });
    if (!rotated) return failed(rotated.error());
    return json::object{{"keys", *rotated}};
}

} // namespace

Handlers ledger_commands(LedgerView view)
{
    // Without a ledger there is nothing to bill or to hold.
    const auto on_ledger = [view](auto function) {
        return with_arguments([view, function](const Arguments& arguments, const PeerCredentials& peer) -> Reply {
            if (view.ledger == nullptr) return CommandError{"nothing_billed", "nothing is billed: there is no ledger"};
            if constexpr (std::is_invocable_v<decltype(function), const LedgerView&, const Arguments&,
                                              const PeerCredentials&>)
                return function(view, arguments, peer);
            else
                return function(view, arguments);
        });
    };
    const auto always = [view](auto function) {
        return with_arguments([view, function](const Arguments& arguments, const PeerCredentials&) -> Reply {
            return function(view, arguments);
        });
    };
    Handlers handlers;
    handlers["billing export"] = on_ledger(export_calls);
    handlers["retention plan"] = always(plan);
    handlers["retention run"] = always(run);
    handlers["hold add"] = on_ledger(add_hold);
    handlers["hold approve"] = on_ledger(approve_hold);
    handlers["hold list"] = always(list_holds);
    handlers["hold release"] = on_ledger(release_hold);
    handlers["key change"] = on_ledger(change_key);
    handlers["key rotate"] = on_ledger(rotate_keys);
    handlers["subject export"] = always(export_subject);
    handlers["subject erase"] = always(erase_subject);
    handlers["backup"] = always(back_up);
    return handlers;
}

} // namespace sotto::ctl
