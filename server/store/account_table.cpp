#include "store/account_table.hpp"

#include "store/store_error.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <openssl/rand.h>

namespace sotto::store {
namespace {

std::int64_t number_of(AccountId id) { return static_cast<std::int64_t>(id.value); }
AccountId id_of(std::int64_t number) { return {static_cast<std::uint64_t>(number)}; }

/// Never given twice in practice: 63 random bits.
std::int64_t fresh_id()
{
    for (;;) {
        std::array<unsigned char, sizeof(std::int64_t)> bytes{};
        if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
            throw StoreError{StoreError::Kind::unavailable, "no random numbers"};
        std::uint64_t value = 0;
        for (const auto byte : bytes) value = (value << 8U) | byte;
        if (const auto id = static_cast<std::int64_t>(value >> 1U); id != 0) return id;
    }
}

std::array<std::uint8_t, sizeof(KeyedHash)> bytes_of(KeyedHash hash)
{
    std::array<std::uint8_t, sizeof hash> bytes{};
    std::memcpy(bytes.data(), &hash.high, sizeof hash.high);
    std::memcpy(bytes.data() + sizeof hash.high, &hash.low, sizeof hash.low);
    return bytes;
}

KeyedHash hash_from(std::span<const std::uint8_t> bytes)
{
    KeyedHash hash;
    if (bytes.size() != sizeof hash) return hash;
    std::memcpy(&hash.high, bytes.data(), sizeof hash.high);
    std::memcpy(&hash.low, bytes.data() + sizeof hash.high, sizeof hash.low);
    return hash;
}

} // namespace

AccountTable::AccountTable(Connection<Purpose::provision>& connection)
    : connection_{connection}, find_{connection.prepare("SELECT account FROM address WHERE user = ?1 AND domain = ?2")},
      record_{connection.prepare("SELECT algorithm, status, withhold_identity, refuse_anonymous, relay_only "
                                 "FROM account WHERE id = ?1")},
      addresses_{connection.prepare("SELECT user, domain FROM address WHERE account = ?1 ORDER BY position")},
      firsts_{connection.prepare("SELECT user, domain, account FROM address "
                                 "WHERE (user, domain) > (?1, ?2) AND position = 0 ORDER BY user, domain LIMIT ?3")},
      add_account_{connection.prepare("INSERT INTO account (id, algorithm, secret) VALUES (?1, ?2, ?3)")},
      add_address_{connection.prepare("INSERT INTO address (user, domain, account, position) VALUES (?1, ?2, ?3, 0) "
                                      "ON CONFLICT (user, domain) DO NOTHING")},
      attach_{connection.prepare("INSERT INTO address (user, domain, account, position) "
                                 "VALUES (?1, ?2, ?3, (SELECT max(position) + 1 FROM address WHERE account = ?3)) "
                                 "ON CONFLICT (user, domain) DO NOTHING")},
      detach_{connection.prepare("DELETE FROM address WHERE user = ?1 AND domain = ?2")},
      secret_{connection.prepare("UPDATE account SET algorithm = ?2, secret = ?3 WHERE id = ?1")},
      settings_{connection.prepare("UPDATE account SET status = ?2, withhold_identity = ?3, refuse_anonymous = ?4, "
                                   "relay_only = ?5 WHERE id = ?1")},
      remove_addresses_{connection.prepare("DELETE FROM address WHERE account = ?1")},
      remove_account_{connection.prepare("DELETE FROM account WHERE id = ?1")},
      exists_{connection.prepare("SELECT id FROM account WHERE id = ?1")},
      blocked_{connection.prepare("SELECT count(pseudonym) FROM blocked_caller WHERE account = ?1")},
      block_{connection.prepare("INSERT INTO blocked_caller (account, pseudonym) VALUES (?1, ?2) "
                                "ON CONFLICT (account, pseudonym) DO NOTHING")},
      unblock_{connection.prepare("DELETE FROM blocked_caller WHERE account = ?1")},
      unblock_one_{connection.prepare("DELETE FROM blocked_caller WHERE account = ?1 AND pseudonym = ?2")},
      blocking_{connection.prepare("SELECT DISTINCT account FROM blocked_caller")}
{
}

std::optional<AccountId> AccountTable::find(const Address& address)
{
    find_.bind_all(address.user, address.domain);
    std::optional<AccountId> found;
    if (find_.step()) found = id_of(find_.number(0));
    find_.reset();
    return found;
}

AccountRecord AccountTable::record(AccountId id)
{
    AccountRecord record;
    record.id = id;
    record_.bind_all(number_of(id));
    if (record_.step()) {
        record.algorithm = static_cast<DigestAlgorithm>(record_.number(0));
        record.status = static_cast<AccountStatus>(record_.number(1));
        record.withhold_identity = record_.number(2) != 0;
        record.refuse_anonymous = record_.number(3) != 0;
        record.relay_only = record_.number(4) != 0;
    }
    record_.reset();
    addresses_.bind_all(number_of(id));
    while (addresses_.step())
        record.addresses.push_back({std::string{addresses_.text(0)}, std::string{addresses_.text(1)}});
    addresses_.reset();
    blocked_.bind_all(number_of(id));
    if (blocked_.step()) record.blocked = static_cast<std::size_t>(blocked_.number(0));
    blocked_.reset();
    return record;
}

std::vector<std::pair<Address, AccountId>> AccountTable::first_addresses(const Address& from, std::size_t limit)
{
    std::vector<std::pair<Address, AccountId>> found;
    firsts_.bind_all(from.user, from.domain, static_cast<std::int64_t>(limit));
    while (firsts_.step())
        found.emplace_back(Address{std::string{firsts_.text(0)}, std::string{firsts_.text(1)}},
                           id_of(firsts_.number(2)));
    firsts_.reset();
    return found;
}

bool AccountTable::add(const Address& address, const DigestSecret& secret)
{
    if (find(address)) return false;
    const auto id = fresh_id();
    add_account_.bind_all(id, static_cast<std::int64_t>(secret.algorithm), secret.used());
    add_account_.run();
    add_address_.bind_all(address.user, address.domain, id);
    add_address_.run();
    return true;
}

bool AccountTable::attach(AccountId id, const Address& address)
{
    attach_.bind_all(address.user, address.domain, number_of(id));
    attach_.run();
    return connection_.changes() == 1;
}

void AccountTable::detach(const Address& address)
{
    detach_.bind_all(address.user, address.domain);
    detach_.run();
}

void AccountTable::set_secret(AccountId id, const DigestSecret& secret)
{
    secret_.bind_all(number_of(id), static_cast<std::int64_t>(secret.algorithm), secret.used());
    secret_.run();
}

void AccountTable::set_settings(const AccountRecord& record)
{
    settings_.bind_all(number_of(record.id), static_cast<std::int64_t>(record.status),
                       std::int64_t{record.withhold_identity}, std::int64_t{record.refuse_anonymous},
                       std::int64_t{record.relay_only});
    settings_.run();
}

void AccountTable::remove(AccountId id)
{
    for (auto* statement : {&unblock_, &remove_addresses_, &remove_account_}) {
        statement->bind_all(number_of(id));
        statement->run();
    }
}

bool AccountTable::exists(AccountId id)
{
    exists_.bind_all(number_of(id));
    const bool found = exists_.step();
    exists_.reset();
    return found;
}

void AccountTable::block(AccountId id, KeyedHash pseudonym)
{
    const auto raw = bytes_of(pseudonym);
    block_.bind_all(number_of(id), std::span<const std::uint8_t>{raw});
    block_.run();
}

void AccountTable::unblock(AccountId id)
{
    unblock_.bind_all(number_of(id));
    unblock_.run();
}

void AccountTable::unblock(AccountId id, KeyedHash pseudonym)
{
    const auto raw = bytes_of(pseudonym);
    unblock_one_.bind_all(number_of(id), std::span<const std::uint8_t>{raw});
    unblock_one_.run();
}

std::vector<AccountId> AccountTable::blocking()
{
    std::vector<AccountId> all;
    while (blocking_.step()) all.push_back(id_of(blocking_.number(0)));
    blocking_.reset();
    return all;
}

std::shared_ptr<const AccountSnapshot> load_snapshot(Connection<Purpose::authenticate>& connection,
                                                     const AccountPolicy& policy)
{
    // Two scans in storage order, in one transaction so that they agree; a join would look up each account on its own.
    AccountSnapshot::Builder builder{policy};
    const ReadTransaction one_moment{connection};
    auto count = connection.prepare("SELECT count(*) FROM account");
    if (count.step()) builder.reserve(static_cast<std::size_t>(count.number(0)));
    count.reset();
    auto accounts = connection.prepare("SELECT id, algorithm, secret, status, withhold_identity, refuse_anonymous, "
                                       "relay_only FROM account");
    while (accounts.step()) {
        Account account;
        account.id = id_of(accounts.number(0));
        account.algorithm = static_cast<DigestAlgorithm>(accounts.number(1));
        std::ranges::copy(accounts.bytes(2), account.digest_secret.begin());
        account.status = static_cast<AccountStatus>(accounts.number(3));
        account.withhold_identity = accounts.number(4) != 0;
        account.refuse_anonymous = accounts.number(5) != 0;
        account.relay_only = accounts.number(6) != 0;
        builder.add_account(account);
    }
    auto addresses = connection.prepare("SELECT user, domain, account, position FROM address");
    while (addresses.step())
        builder.add_address(id_of(addresses.number(2)), addresses.text(0), addresses.text(1),
                            static_cast<std::uint32_t>(addresses.number(3)));
    auto blocked = connection.prepare("SELECT account, pseudonym FROM blocked_caller ORDER BY account, pseudonym");
    while (blocked.step()) builder.add_blocked(id_of(blocked.number(0)), hash_from(blocked.bytes(1)));
    return builder.build();
}

} // namespace sotto::store
