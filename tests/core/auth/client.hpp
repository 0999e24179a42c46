#pragma once
#include "core/auth/account.hpp"
#include "core/message/message.hpp"
#include "crypto/openssl_cryptography.hpp"

#include <deque>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::test {

std::string hex(std::span<const std::uint8_t> bytes);

/// H(text) in hexadecimal digits, by a cryptography of its own.
std::string hashed(DigestAlgorithm algorithm, std::string_view text);

/// Value of a parameter, without quotes; empty when absent.
std::string parameter(std::string_view header, std::string_view name);

/// A phone's side of RFC 7616: answers a challenge. What a test wants to be wrong, it sets.
struct DigestClient {
    std::string user = "alice";
    std::string password = "correct horse";
    std::string method = "REGISTER";
    std::string uri = "sip:example.org";
    std::string qop = "auth";
    std::string nc = "00000001";
    std::string cnonce = "0a4f113b";
    std::string algorithm{}; ///< empty: as in the challenge

    [[nodiscard]] std::string answer(std::string_view challenge) const;
};

struct Directory final : AccountDirectory {
    struct Entry {
        std::string user;
        std::string domain;
        Account account;
    };
    struct Further {
        std::string user, domain, account;
    };
    std::deque<Entry> entries;
    std::deque<Further> further;
    std::uint32_t share{0};

    Account& add(std::string user, std::string domain, std::string_view password,
                 DigestAlgorithm algorithm = DigestAlgorithm::sha256);
    /// A further address of an account of example.org.
    void attach(std::string_view account, std::string user, std::string domain)
    {
        further.push_back({std::move(user), std::move(domain), std::string{account}});
    }
    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override;
    [[nodiscard]] const Account* find(AccountId id) const override;
    [[nodiscard]] std::size_t size() const override { return 1; }
    [[nodiscard]] std::uint32_t md5_share() const override { return share; }
};

/// A request that bears nothing but these header fields.
MessagePtr request(std::string_view method, std::initializer_list<std::pair<Header, std::string>> fields);

} // namespace sotto::test
