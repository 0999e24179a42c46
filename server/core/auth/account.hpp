#pragma once
#include "core/types/ids.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sotto {

enum class DigestAlgorithm : std::uint8_t { sha256, md5 };

enum class AccountStatus : std::uint8_t { active, suspended };

/// One account as the workers read it. Views live as long as the snapshot that it came from.
struct Account {
    AccountId id;
    std::string_view user;   ///< digest user name: the user part of the account's first address
    std::string_view domain; ///< realm, and domain of the first address
    DigestAlgorithm algorithm{DigestAlgorithm::sha256};
    AccountStatus status{AccountStatus::active};
    std::array<std::uint8_t, 32> digest_secret{}; ///< H(user:realm:password); MD5 fills the first 16 bytes
    bool password_needed{false};   ///< stored for another algorithm than the configured one: answered as unknown
    bool withhold_identity{false}; ///< RFC 3323 `id` and `user` by default
    bool refuse_anonymous{false};  ///< RFC 5079
    bool relay_only{false};
    std::string_view number{}; ///< E.164, presented to the telephone network; empty: the account has none
};

/// An immutable snapshot of all accounts; a new one replaces it by pointer. Safe to read from every worker.
class AccountDirectory {
public:
    virtual ~AccountDirectory() = default;
    /// By any address of an account: `user` unescaped, `domain` in lower case and one of the served names.
    [[nodiscard]] virtual const Account* find(std::string_view user, std::string_view domain) const = 0;
    [[nodiscard]] virtual const Account* find(AccountId id) const = 0;
    /// True when that account refuses the withheld caller of that pseudonym.
    [[nodiscard]] virtual bool blocks(AccountId, KeyedHash) const { return false; }
    /// True when that address belongs to that account.
    [[nodiscard]] bool owns(AccountId id, std::string_view user, std::string_view domain) const
    {
        const auto* account = find(user, domain);
        return account != nullptr && account->id == id;
    }
    [[nodiscard]] virtual std::size_t size() const = 0;
    /// Share of accounts that use MD5, in 1/65536: unknown addresses get MD5 challenges in the same share.
    [[nodiscard]] virtual std::uint32_t md5_share() const = 0;
};

} // namespace sotto
