#include "core/relay/credentials.hpp"

#include <array>
#include <cstring>

namespace sotto {
namespace {

constexpr seconds day{24 * 3600};

/// Nobody without the process's key can tell whose it is, or that two of two days are one person's.
std::string pseudonym(AccountId account, seconds date, Cryptography& cryptography)
{
    const std::array<std::int64_t, 2> of{date / day, static_cast<std::int64_t>(account.value)};
    const auto hash =
        cryptography.keyed_hash(Cryptography::Use::pseudonym, {reinterpret_cast<const char*>(of.data()), sizeof of});
    std::array<std::uint8_t, 12> shown;
    std::memcpy(shown.data(), &hash.high, 8);
    std::memcpy(shown.data() + 8, &hash.low, 4);
    return base64url(shown);
}

} // namespace

std::string relay_credentials(AccountId account, const RelayService& service, seconds date, Cryptography& cryptography)
{
    const auto username =
        std::to_string((date + service.lifetime).count()) + ":" + pseudonym(account, date, cryptography);
    std::string uris;
    for (const auto& uri : service.uris) uris += (uris.empty() ? "\"" : ",\"") + uri + "\"";
    return R"({"username":")" + username + R"(","password":")" +
           base64(cryptography.hmac_sha1(service.secret, username)) + R"(","ttl":)" +
           std::to_string(service.lifetime.count()) + R"(,"uris":[)" + uris + "]}";
}

} // namespace sotto
