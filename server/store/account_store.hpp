#pragma once
#include "core/auth/account.hpp"

#include <boost/system/result.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::store {

/// Why an operation on an account was refused. Names nobody: the caller knows the address it asked for.
enum class Failure : std::uint8_t {
    bad_address,   ///< not user@domain, or with characters that cannot stand in a digest user name
    not_served,    ///< the domain is not one of ours
    bad_password,  ///< empty, longer than 256 bytes, or with control characters
    exists,        ///< the address belongs to an account already
    not_found,     ///< no account has that address
    other_domain,  ///< the further address is in another domain than the first one, in which no password holds for it
    first_address, ///< digest secrets are bound to the first address: it cannot be taken away
    names_account, ///< the address is the one that the account was asked for by: it cannot be taken away through itself
    full,          ///< the account blocks as many callers as one may
    not_attached,  ///< the further address does not belong to this account
    overloaded,    ///< the queue is full: try again
    unpublished,   ///< done on the disk; the directory is as before until it can be read anew, which is tried again
    unavailable    ///< the store cannot be read or written; the daemon's log says why
};
template <class T> using Outcome = boost::system::result<T, Failure>;

/// user@domain. `user` as it is compared (case matters, RFC 3261 19.1.4), `domain` in lower case.
struct Address {
    std::string user;
    std::string domain;
    auto operator<=>(const Address&) const = default;
    [[nodiscard]] std::string text() const { return user + "@" + domain; }
};

/// What the configuration says about accounts. Immutable; replaced on reload.
struct AccountPolicy {
    /// Every name of ours, in lower case, with the served domain that it means: domains (to themselves) and aliases.
    std::map<std::string, std::string, std::less<>> names;
    /// The digest algorithm configured for an account, by its first address. Thread-safe.
    std::function<DigestAlgorithm(std::string_view user, std::string_view domain)> algorithm_of;
};

/// An account as an operator sees it: everything but the secret.
struct AccountRecord {
    AccountId id;
    std::vector<Address> addresses; ///< first one first; at least one
    DigestAlgorithm algorithm{DigestAlgorithm::sha256};
    bool password_needed{false}; ///< the stored secret is for another algorithm than the configured one
    AccountStatus status{AccountStatus::active};
    bool withhold_identity{false};
    bool refuse_anonymous{false};
    bool relay_only{false};
    std::size_t blocked{0}; ///< withheld callers that it refuses; who they are is not known
};

/// One account to be added: "user@domain" and its password.
struct NewAccount {
    std::string address;
    std::string password;
};

/// What is to change; the rest stays.
struct AccountChange {
    std::optional<AccountStatus> status;
    std::optional<bool> withhold_identity;
    std::optional<bool> refuse_anonymous;
    std::optional<bool> relay_only;
    std::vector<std::string> attach; ///< further addresses to add
    std::vector<std::string> detach; ///< further addresses to take away
};

struct ImportRefusal {
    std::size_t index{0}; ///< in the batch
    Failure failure{};
};
/// A batch is imported whole or, when any row is refused, not at all. Addresses that exist already are counted and
/// left.
struct ImportReport {
    std::size_t added{0};
    std::size_t existing{0};
    std::vector<ImportRefusal> refused; ///< at most `most_refusals`, in order
    static constexpr std::size_t most_refusals = 100;
};

/// A page of accounts in the order of their first addresses.
struct AccountPage {
    std::vector<AccountRecord> accounts;
    std::string next; ///< where the next page begins; empty: this was the last
};

/// The accounts on disk. Carries nothing of any engine, so that another one can stand behind it; what every engine must
/// do is tests/store/account_contract.cpp. Thread-safe. Every
/// `Done` is called once, on the store's own thread, when the change is durable and the snapshot that holds it is
/// published, or with `unpublished`; it must not block. Or at once, with `overloaded`, on the caller's thread.
class AccountStore {
public:
    template <class T> using Done = std::function<void(Outcome<T>)>;
    using Directory = std::shared_ptr<const AccountDirectory>;

    virtual ~AccountStore() = default;

    virtual void add(NewAccount account, Done<AccountRecord> done) = 0;
    /// `more`: further batches follow; the snapshot is published after the last one.
    virtual void import(std::vector<NewAccount> accounts, bool more, Done<ImportReport> done) = 0;
    /// Accounts after `from` (an AccountPage::next; empty: from the start), at most `limit`.
    virtual void list(std::string from, std::size_t limit, Done<AccountPage> done) = 0;
    virtual void show(std::string address, Done<AccountRecord> done) = 0;
    /// By its number: one whose domain is served no longer, which no directory knows, too.
    virtual void find(AccountId account, Done<AccountRecord> done) = 0;
    virtual void set(std::string address, AccountChange change, Done<AccountRecord> done) = 0;
    virtual void set_password(std::string address, std::string password, Done<AccountRecord> done) = 0;
    virtual void remove(std::string address, Done<AccountRecord> done) = 0;
    /// From now on the account is not there for the withheld caller of that pseudonym (core/privacy).
    virtual void block(AccountId account, KeyedHash pseudonym, Done<AccountRecord> done) = 0;
    /// Lifts all of an account's blocks: which is whose, nobody can tell.
    virtual void unblock(std::string address, Done<AccountRecord> done) = 0;

    /// Whom an account refuses: pseudonyms, which say to nobody who it is. For whoever asks what is held of it.
    virtual void blocked_by(AccountId account, Done<std::vector<KeyedHash>> done) = 0;

    struct Nothing {};
    /// A copy as of one moment, in a new file of mode 0600.
    virtual void back_up(std::filesystem::path to, Done<Nothing> done) = 0;

    /// The configuration has changed: a new snapshot is published soon.
    virtual void configure(AccountPolicy policy) = 0;
    /// The latest snapshot.
    [[nodiscard]] virtual Directory directory() const = 0;
};

} // namespace sotto::store
