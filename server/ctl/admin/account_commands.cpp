#include "ctl/admin/account_commands.hpp"

#include "config/problem.hpp"
#include "core/routing/number.hpp"
#include "ctl/admin/arguments.hpp"
#include "store/wait_for.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using store::AccountRecord;
using store::AccountStore;
using store::Failure;
using store::Outcome;
using store::wait_for;

constexpr std::size_t accounts_per_page = 500;

struct Wording {
    Failure failure;
    std::string_view code;
    std::string_view sentence; ///< after the address
};
// clang-format off
constexpr std::array wordings{
    Wording{Failure::bad_address,   "bad_address",   "is no address: write user@domain, the user without blanks or any of : @ \" \\ , ; < >"},
    Wording{Failure::not_served,    "not_served",    "is not in a domain that the configuration serves"},
    Wording{Failure::bad_password,  "bad_password",  "cannot have this password: 1 to 256 bytes of UTF-8, no control characters"},
    Wording{Failure::exists,        "exists",        "belongs to an account already"},
    Wording{Failure::not_found,     "not_found",     "is no account's address"},
    Wording{Failure::other_domain,  "other_domain",  "is in another domain than the first address, whose password does not hold there: add an account of its own instead"},
    Wording{Failure::first_address, "first_address", "was asked to lose its first address: the password is bound to it; add a new account instead"},
    Wording{Failure::names_account, "names_account", "cannot be taken away through itself: name the account by another of its addresses"},
    Wording{Failure::not_attached,  "not_attached",  "does not have that further address"},
    Wording{Failure::full,          "full",          "blocks as many callers as one account may: `sotto account unblock` lifts all blocks"},
    Wording{Failure::overloaded,    "overloaded",    "was not touched: the store is busy, try again"},
    Wording{Failure::unpublished,   "unpublished",   "is changed on the disk, and the server goes by what was before: the store cannot be read, its log says why; the change counts as soon as it can"},
    Wording{Failure::unavailable,   unavailable_code, "was not touched: the store cannot be read or written, its log says why"},
};
// clang-format on

Reply account_reply(const Outcome<AccountRecord>& outcome, const std::string& address)
{
    if (!outcome) return error_of(outcome.error(), address);
    return json::object{{"account", to_json(*outcome)}};
}

/// A handler that asks the store for one account.
template <class Ask> Handler on_account(Ask ask)
{
    return with_arguments([ask](const Arguments& arguments, const PeerCredentials&) {
        const auto address = arguments.text("address");
        return account_reply(wait_for<AccountRecord>([&](AccountStore::Done<AccountRecord> done) {
                                 ask(arguments, address, std::move(done));
                             }),
                             address);
    });
}

/// A number is a further address in the account's own domain; the first of them is the one that is presented.
std::string number_address(const std::string& number, const std::string& address)
{
    const auto digits = dialled_digits(number);
    if (!is_e164(digits))
        throw WrongArgument{"number is no telephone number: write it with its country code, such as +4930123456"};
    return digits + address.substr(std::min(address.rfind('@'), address.size()));
}

store::AccountChange change_from(const Arguments& arguments, const std::string& address)
{
    store::AccountChange change{.withhold_identity = arguments.optional_flag("withhold_identity"),
                                .refuse_anonymous = arguments.optional_flag("refuse_anonymous"),
                                .relay_only = arguments.optional_flag("relay_only"),
                                .attach = arguments.texts("attach"),
                                .detach = arguments.texts("detach")};
    if (const auto status = arguments.optional_text("status")) {
        if (*status != "active" && *status != "suspended")
            throw WrongArgument{"status is neither active nor suspended"};
        change.status = *status == "active" ? AccountStatus::active : AccountStatus::suspended;
    }
    if (const auto number = arguments.optional_text("number"))
        change.attach.push_back(number_address(*number, address));
    return change;
}

/// Of a change that was refused: the account's own address, or the further ones that it was to get or lose.
std::string refused_address(AccountStore& accounts, Failure failure, const std::string& address,
                            const store::AccountChange& change)
{
    const bool only_added = failure == Failure::exists || failure == Failure::other_domain;
    const bool may_be_further = only_added || failure == Failure::bad_address || failure == Failure::not_served;
    const auto own = [&] {
        return wait_for<AccountRecord>(
            [&](AccountStore::Done<AccountRecord> done) { accounts.show(address, std::move(done)); });
    };
    if (!may_be_further || !own()) return address;
    auto further = change.attach;
    if (!only_added) further.insert(further.end(), change.detach.begin(), change.detach.end());
    std::string all;
    for (const auto& one : further) all.append(all.empty() ? "" : " or ").append(one);
    return all;
}

Reply set_account(AccountStore& accounts, const Arguments& arguments)
{
    const auto address = arguments.text("address");
    const auto change = change_from(arguments, address);
    const auto outcome = wait_for<AccountRecord>(
        [&](AccountStore::Done<AccountRecord> done) { accounts.set(address, change, std::move(done)); });
    if (!outcome) return error_of(outcome.error(), refused_address(accounts, outcome.error(), address, change));
    return account_reply(outcome, address);
}

std::vector<store::NewAccount> rows_from(const json::array& list)
{
    if (list.size() > rows_per_batch) throw WrongArgument{"too many rows in one batch"};
    std::vector<store::NewAccount> rows;
    rows.reserve(list.size());
    for (const auto& row : list) {
        if (!row.is_array() || row.get_array().size() != 2 || !row.get_array()[0].is_string() ||
            !row.get_array()[1].is_string())
            throw WrongArgument{"a row is not [address, password]"};
        rows.push_back({std::string{row.get_array()[0].get_string()}, std::string{row.get_array()[1].get_string()}});
    }
    return rows;
}

Reply import(AccountStore& accounts, const Arguments& arguments)
{
    auto rows = rows_from(arguments.list("rows"));
    std::vector<std::string> addresses;
    addresses.reserve(rows.size());
    for (const auto& row : rows) addresses.push_back(row.address);
    const auto outcome = wait_for<store::ImportReport>([&](AccountStore::Done<store::ImportReport> done) {
        accounts.import(std::move(rows), arguments.optional_flag("more").value_or(false), std::move(done));
    });
    if (!outcome) return error_of(outcome.error(), "the batch");
    json::array refused;
    for (const auto& [index, failure] : (*outcome).refused) {
        const auto error = error_of(failure, addresses[index]);
        refused.push_back(json::object{{"index", index}, {"code", error.code}, {"sentence", error.sentence}});
    }
    return json::object{
        {"added", (*outcome).added}, {"existing", (*outcome).existing}, {"refused", std::move(refused)}};
}

Reply list(AccountStore& accounts, const Arguments& arguments)
{
    const auto outcome = wait_for<store::AccountPage>([&](AccountStore::Done<store::AccountPage> done) {
        accounts.list(arguments.optional_text("from").value_or(""), accounts_per_page, std::move(done));
    });
    if (!outcome) return error_of(outcome.error(), "the list");
    json::array rows;
    for (const auto& account : (*outcome).accounts) rows.push_back(to_json(account));
    return json::object{{"accounts", std::move(rows)}, {"next", (*outcome).next}};
}

} // namespace

std::string nearest_address(AccountStore& accounts, const std::string& address)
{
    const auto at = address.rfind('@');
    if (at == std::string::npos) return {};
    const auto user = address.substr(0, at);
    const auto domain = address.substr(at + 1);
    std::string nearest;
    for (std::string from;;) {
        const auto page = wait_for<store::AccountPage>([&](AccountStore::Done<store::AccountPage> done) {
            accounts.list(from, accounts_per_page, std::move(done));
        });
        if (!page) return {};
        std::vector<std::string> candidates{nearest};
        for (const auto& account : (*page).accounts)
            for (const auto& own : account.addresses)
                if (own.domain == domain) candidates.push_back(own.user);
        nearest = config::nearest(user, candidates);
        from = (*page).next;
        if (from.empty()) break;
    }
    return nearest.empty() ? nearest : nearest + "@" + domain;
}

std::string another_address(AccountStore& accounts, const std::string& subject, const std::string& typed)
{
    const auto digits = dialled_digits(typed);
    const auto address = is_e164(digits) ? number_address(typed, subject) : typed;
    const auto account_at = [&](const std::string& at) {
        return wait_for<AccountRecord>(
            [&](AccountStore::Done<AccountRecord> done) { accounts.show(at, std::move(done)); });
    };
    const auto meant = account_at(address);
    if (!meant) return {};
    const auto own = account_at(subject);
    return own && (*own).id == (*meant).id ? std::string{} : address;
}

Outcome<std::shared_ptr<const Account>> served_account(AccountStore& accounts, const std::string& address)
{
    const auto shown = wait_for<AccountRecord>([&](auto done) { accounts.show(address, std::move(done)); });
    if (!shown) return shown.error();
    const auto directory = accounts.directory();
    const auto* account = directory->find((*shown).id);
    if (account == nullptr) return Failure::not_served;
    return std::shared_ptr<const Account>{directory, account};
}

CommandError error_of(Failure failure, const std::string& address)
{
    for (const auto& wording : wordings)
        if (wording.failure == failure)
            return {std::string{wording.code},
                    (address.empty() ? "it" : address) + " " + std::string{wording.sentence}};
    return {"internal", "the store refused this"};
}

json::object to_json(const AccountRecord& account)
{
    json::array addresses;
    for (const auto& address : account.addresses) addresses.emplace_back(address.text());
    return {{"address", account.addresses.empty() ? "" : account.addresses.front().text()},
            {"addresses", std::move(addresses)},
            {"algorithm", account.algorithm == DigestAlgorithm::sha256 ? "SHA-256" : "MD5"},
            {"password_needed", account.password_needed},
            {"status", account.status == AccountStatus::active ? "active" : "suspended"},
            {"withhold_identity", account.withhold_identity},
            {"refuse_anonymous", account.refuse_anonymous},
            {"relay_only", account.relay_only},
            {"blocked_callers", account.blocked}};
}

Handlers account_commands(AccountStore& accounts)
{
    using Done = AccountStore::Done<AccountRecord>;
    Handlers handlers;
    handlers["account add"] =
        on_account([&accounts](const Arguments& arguments, const std::string& address, Done done) {
            accounts.add({address, arguments.text("password")}, std::move(done));
        });
    handlers["account show"] = on_account([&accounts](const Arguments&, const std::string& address, Done done) {
        accounts.show(address, std::move(done));
    });
    handlers["account set"] = with_arguments(
        [&accounts](const Arguments& arguments, const PeerCredentials&) { return set_account(accounts, arguments); });
    handlers["account password"] =
        on_account([&accounts](const Arguments& arguments, const std::string& address, Done done) {
            accounts.set_password(address, arguments.text("password"), std::move(done));
        });
    handlers["account remove"] = on_account([&accounts](const Arguments&, const std::string& address, Done done) {
        accounts.remove(address, std::move(done));
    });
    handlers["account unblock"] = on_account([&accounts](const Arguments&, const std::string& address, Done done) {
        accounts.unblock(address, std::move(done));
    });
    handlers["account import"] = with_arguments(
        [&accounts](const Arguments& arguments, const PeerCredentials&) { return import(accounts, arguments); });
    handlers["account list"] = with_arguments(
        [&accounts](const Arguments& arguments, const PeerCredentials&) { return list(accounts, arguments); });
    return handlers;
}

Handlers blocking_commands(AccountStore& accounts, LastAnonymousCaller last)
{
    Handlers handlers;
    handlers["account block"] = with_arguments(
        [&accounts, last = std::move(last)](const Arguments& arguments, const PeerCredentials&) -> Reply {
            const auto address = arguments.text("address");
            const auto shown = wait_for<AccountRecord>(
                [&](AccountStore::Done<AccountRecord> done) { accounts.show(address, std::move(done)); });
            if (!shown) return error_of(shown.error(), address);
            const auto caller = last((*shown).id);
            if (!caller)
                return CommandError{"no_caller",
                                    "nobody called " + address + " with a withheld identity in the last half hour"};
            return account_reply(wait_for<AccountRecord>([&](AccountStore::Done<AccountRecord> done) {
                                     accounts.block((*shown).id, *caller, std::move(done));
                                 }),
                                 address);
        });
    return handlers;
}

} // namespace sotto::ctl
