#include "store/account_operations.hpp"

#include "core/privacy/anonymous_callers.hpp"
#include "crypto/openssl_cryptography.hpp"
#include "store/address.hpp"
#include "store/database/embedded.hpp"
#include "store/pair_key.hpp"

#include <algorithm>
#include <cstring>

namespace sotto::store {

AccountOperations::AccountOperations(const std::filesystem::path& file, AccountPolicy policy)
    : policy_{std::move(policy)}, folder_{file.parent_path()}, database_{file, Duty::accounts, accounts_migrations(),
                                                                         Purposes::declared()},
      connection_{database_.open<Purpose::provision>()}, reader_{database_.open<Purpose::authenticate>()},
      access_{database_.open<Purpose::access>()}, table_{connection_}
{
}

DigestSecret AccountOperations::secret_for(const Address& first, std::string_view password) const
{
    return digest_secret(policy_.algorithm_of(first.user, first.domain), first.user, first.domain, password);
}

AccountRecord AccountOperations::record(AccountId id)
{
    auto record = table_.record(id);
    const auto& first = record.addresses.front();
    record.password_needed = policy_.algorithm_of(first.user, first.domain) != record.algorithm;
    return record;
}

void AccountOperations::changed(bool more, bool something_went)
{
    more_follows_ = more && (more_follows_ || !unpublished_);
    unpublished_ = true;
    remains_ = remains_ || something_went;
}

void AccountOperations::overwrite_remains()
{
    if (connection_.overwrite_remains()) remains_ = false;
}

Outcome<AccountRecord> AccountOperations::add(const NewAccount& account)
{
    const auto address = known_address(account.address);
    if (!address) return address.error();
    if (!valid_password(account.password)) return Failure::bad_password;
    Transaction transaction{connection_};
    if (!table_.add(*address, secret_for(*address, account.password))) return Failure::exists;
    auto added = record(*table_.find(*address));
    transaction.commit();
    changed(false, false);
    return added;
}

Outcome<ImportReport> AccountOperations::import(const std::vector<NewAccount>& rows, bool more)
{
    ImportReport report;
    Transaction transaction{connection_};
    for (std::size_t index = 0; index < rows.size(); ++index) {
        const auto refuse = [&](Failure failure) {
            if (report.refused.size() < ImportReport::most_refusals) report.refused.push_back({index, failure});
        };
        const auto address = known_address(rows[index].address);
        if (!address)
            refuse(address.error());
        else if (!valid_password(rows[index].password))
            refuse(Failure::bad_password);
        else if (!report.refused.empty())
            continue; // nothing will be imported: only the other mistakes matter now
        else if (table_.add(*address, secret_for(*address, rows[index].password)))
            ++report.added;
        else
            ++report.existing;
    }
    if (!report.refused.empty()) {
        report.added = 0;
        return report;
    }
    transaction.commit();
    changed(more, false);
    if (!more) connection_.release_memory();
    return report;
}

Outcome<AccountPage> AccountOperations::list(const std::string& from, std::size_t limit)
{
    Address after;
    if (!from.empty()) {
        const auto at = from.rfind('@');
        if (at == std::string::npos) return Failure::bad_address;
        after = {from.substr(0, at), from.substr(at + 1)};
    }
    AccountPage page;
    const auto found = table_.first_addresses(after, limit + 1);
    for (std::size_t i = 0; i < std::min(limit, found.size()); ++i) page.accounts.push_back(record(found[i].second));
    if (found.size() > limit) page.next = found[limit - 1].first.text();
    return page;
}

Outcome<Address> AccountOperations::known_address(std::string_view text)
{
    // A domain that is served no longer, or is an alias now, was one of its own when it was stored.
    auto written = written_address(text);
    if (written && table_.find(*written)) return written;
    return parse_address(text, policy_);
}

Outcome<AccountRecord> AccountOperations::show(std::string_view text)
{
    const auto address = known_address(text);
    if (!address) return address.error();
    const auto id = table_.find(*address);
    if (!id) return Failure::not_found;
    return record(*id);
}

Outcome<AccountRecord> AccountOperations::find(AccountId account)
{
    if (!table_.exists(account)) return Failure::not_found;
    return record(account);
}

Outcome<AccountRecord> AccountOperations::set(std::string_view text, const AccountChange& change)
{
    Transaction transaction{connection_};
    auto shown = show(text);
    if (!shown) return shown;
    auto& account = *shown;
    if (change.status) account.status = *change.status;
    if (change.withhold_identity) account.withhold_identity = *change.withhold_identity;
    if (change.refuse_anonymous) account.refuse_anonymous = *change.refuse_anonymous;
    if (change.relay_only) account.relay_only = *change.relay_only;
    table_.set_settings(account);
    for (const auto& further : change.detach) {
        const auto address = known_address(further);
        if (!address) return address.error();
        const auto held = std::ranges::find(account.addresses, *address);
        if (held == account.addresses.end()) return Failure::not_attached;
        if (held == account.addresses.begin()) return Failure::first_address;
        // The audit log has this change under the address that it was asked for by: nothing would lead there any more.
        if (address == known_address(text)) return Failure::names_account;
        table_.detach(*address);
    }
    for (const auto& further : change.attach) {
        const auto address = known_address(further);
        if (!address) return address.error();
        // Its phone would be asked for a password of that domain, and there is a secret of the first one's alone.
        if ((*address).domain != account.addresses.front().domain) return Failure::other_domain;
        if (!table_.attach(account.id, *address)) return Failure::exists;
    }
    auto now = record(account.id);
    transaction.commit();
    changed(false, !change.detach.empty());
    return now;
}

Outcome<AccountRecord> AccountOperations::set_password(std::string_view text, std::string_view password)
{
    if (!valid_password(password)) return Failure::bad_password;
    Transaction transaction{connection_};
    auto shown = show(text);
    if (!shown) return shown;
    table_.set_secret((*shown).id, secret_for((*shown).addresses.front(), password));
    auto now = record((*shown).id);
    transaction.commit();
    changed(false, true);
    return now;
}

void AccountOperations::lift_blocks_of(AccountId caller)
{
    const auto blocking = table_.blocking();
    if (blocking.empty()) return;
    const auto key = std::make_shared<const crypto::Secret>(pair_key(folder_));
    crypto::OpenSslCryptography hashes{crypto::ProcessKeys::create(), {}, key};
    for (const auto callee : blocking) table_.unblock(callee, pair_pseudonym(callee, caller, hashes));
}

Outcome<AccountRecord> AccountOperations::remove(std::string_view text)
{
    Transaction transaction{connection_};
    auto shown = show(text);
    if (!shown) return shown;
    database_.drop_backup(); // before the answer says that the account is gone
    lift_blocks_of((*shown).id);
    table_.remove((*shown).id);
    transaction.commit();
    changed(false, true);
    return shown;
}

Outcome<AccountRecord> AccountOperations::block(AccountId account, KeyedHash pseudonym)
{
    Transaction transaction{connection_};
    if (!table_.exists(account)) return Failure::not_found;
    if (record(account).blocked >= AccountTable::most_blocked) return Failure::full;
    table_.block(account, pseudonym);
    auto now = record(account);
    transaction.commit();
    changed(false, false);
    return now;
}

Outcome<AccountRecord> AccountOperations::unblock(std::string_view text)
{
    Transaction transaction{connection_};
    auto shown = show(text);
    if (!shown) return shown;
    table_.unblock((*shown).id);
    auto now = record((*shown).id);
    transaction.commit();
    changed(false, true);
    return now;
}

std::vector<KeyedHash> AccountOperations::blocked_by(AccountId account)
{
    std::vector<KeyedHash> all;
    auto rows = access_.prepare("SELECT pseudonym FROM blocked_caller WHERE account = ?1 ORDER BY pseudonym");
    rows.bind_all(static_cast<std::int64_t>(account.value));
    while (rows.step()) {
        KeyedHash hash;
        const auto bytes = rows.bytes(0);
        if (bytes.size() != 2 * sizeof hash.high) continue;
        std::memcpy(&hash.high, bytes.data(), sizeof hash.high);
        std::memcpy(&hash.low, bytes.data() + sizeof hash.high, sizeof hash.low);
        all.push_back(hash);
    }
    return all;
}

void AccountOperations::configure(AccountPolicy policy)
{
    policy_ = std::move(policy);
    unpublished_ = true;
    more_follows_ = false;
}

std::shared_ptr<const AccountSnapshot> AccountOperations::load()
{
    auto snapshot = load_snapshot(reader_, policy_);
    reader_.release_memory();
    unpublished_ = false;
    more_follows_ = false;
    return snapshot;
}

} // namespace sotto::store
