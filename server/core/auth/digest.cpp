#include "core/auth/digest.hpp"

#include "core/types/hashed_text.hpp"

#include <algorithm>

namespace sotto::auth {
namespace {

/// MD5 fills the first 16 bytes.
struct Hash {
    std::array<std::uint8_t, 32> value;
    std::size_t size;
    [[nodiscard]] std::span<const std::uint8_t> bytes() const { return std::span{value}.first(size); }
};

Hash hash(DigestAlgorithm algorithm, std::string_view text, Cryptography& crypto)
{
    if (algorithm == DigestAlgorithm::sha256) return {crypto.sha256(text), 32};
    Hash out{{}, 16};
    std::ranges::copy(crypto.md5(text), out.value.begin());
    return out;
}

/// What an account of that name would use if there were one.
DigestAlgorithm decoy(std::string_view user, std::string_view realm, const AccountDirectory& accounts,
                      Cryptography& crypto)
{
    constexpr std::uint32_t whole = 65'536;
    const auto share = accounts.md5_share();
    if (share == 0) return DigestAlgorithm::sha256; // all are alike, as on most servers: there is nothing to choose
    if (share >= whole) return DigestAlgorithm::md5;
    HashedText text;
    text.add(realm).add(":").add(user);
    const auto choice = crypto.keyed_hash(Cryptography::Use::decoy, text.view()).low % whole;
    return choice < share ? DigestAlgorithm::md5 : DigestAlgorithm::sha256;
}

/// Nothing too for one whose password has to be set again: it is answered as unknown.
const Account* usable(const Account* account)
{
    return account != nullptr && !account->password_needed ? account : nullptr;
}

/// Names something that a SIP request can be sent to, and nothing that is no URI at all.
bool sane(std::string_view uri)
{
    constexpr std::array<std::string_view, 4> schemes{"sip", "sips", "tel", "urn"};
    const auto scheme = uri.substr(0, uri.find(':'));
    return scheme.size() + 1 < uri.size() &&
           std::ranges::any_of(schemes, [&](auto known) { return iequals(scheme, known); }) &&
           std::ranges::all_of(uri, [](char c) { return c > ' ' && c < 127 && c != '"' && c != '\\'; });
}

/// The first credentials for our realm: a client may send those for other proxies on the way too (RFC 3261 22.3).
std::optional<Credentials> credentials_for(const Message& request, Header header, std::string_view realm)
{
    for (const auto& field : request.fields) {
        if (field.name != header) continue;
        auto credentials = parse_credentials(field.value);
        if (credentials && iequals(credentials->realm, realm)) return credentials;
    }
    return std::nullopt;
}

/// Wrong until it is shown to be right. A client hashes the user name as it sends it (RFC 7616 3.4.2), and a secret is
/// made of the first address: under a further one, or as "alice@example.org", the account's own phone can never be
/// right. So whoever does that is nobody, and no guess at the account's password.
Checked claim(std::string_view username, std::string_view realm, const AccountDirectory& accounts)
{
    const auto* account = accounts.find(username, realm);
    const bool first = account != nullptr && account->user == username && account->domain == realm;
    return {.outcome = Outcome::wrong, .claimed_user = username, .claimed = first ? account : nullptr};
}

} // namespace

std::string digest_response(DigestAlgorithm algorithm, const std::array<std::uint8_t, 32>& secret,
                            std::string_view method, std::string_view uri, std::string_view nonce, std::string_view nc,
                            std::string_view cnonce, Cryptography& crypto)
{
    HashedText a2;
    a2.add(method).add(":").add(uri);
    const auto ha2 = hash(algorithm, a2.view(), crypto);
    HashedText text;
    text.add_hex(std::span{secret}.first(ha2.size));
    for (const auto part : {nonce, nc, cnonce, std::string_view{"auth"}}) text.add(":").add(part);
    text.add(":").add_hex(ha2.bytes());
    HashedText response;
    response.add_hex(hash(algorithm, text.view(), crypto).bytes());
    return std::string{response.view()};
}

Checked check(const Message& request, Asker asker, std::string_view realm, const AccountDirectory& accounts, Flow& flow,
              TimePoint now, Cryptography& crypto)
{
    const auto header = asker == Asker::registrar ? Header::authorization : Header::proxy_authorization;
    const auto credentials = credentials_for(request, header, realm);
    if (!credentials) return {};
    if (!sane(credentials->uri)) return claim(credentials->username, realm, accounts);
    return check(*credentials, request.method_name, realm, accounts, flow, now, crypto);
}

Checked check(const Credentials& credentials, std::string_view method, std::string_view realm,
              const AccountDirectory& accounts, Flow& flow, TimePoint now, Cryptography& crypto)
{
    auto out = claim(credentials.username, realm, accounts);
    const auto nc = parse_nonce_count(credentials.nc);
    const auto algorithm = parse_algorithm(credentials.algorithm);
    if (!nc || !algorithm || !iequals(credentials.qop, "auth") || credentials.cnonce.empty() ||
        credentials.nonce.empty() || credentials.username.empty())
        return out;

    // Known or not, right or wrong: the same hashes are computed, and nothing is decided before all of them.
    const auto* account = usable(out.claimed);
    const auto instead = decoy(out.claimed_user, realm, accounts, crypto);
    static constexpr std::array<std::uint8_t, 32> no_secret{};
    const auto expected = account != nullptr ? account->algorithm : instead;
    const auto response =
        digest_response(expected, account != nullptr ? account->digest_secret : no_secret, method, credentials.uri,
                        credentials.nonce, credentials.nc, credentials.cnonce, crypto);
    HashedText given;
    given.add_lower(credentials.response);
    const bool equal = equal_in_constant_time(response, given.view());
    const bool right = equal && account != nullptr && *algorithm == expected;
    const auto nonce = check_nonce(flow.nonces, flow.id, credentials.nonce, *nc, now, crypto, right);
    if (nonce != NonceState::good) {
        out.outcome = Outcome::stale;
        return out;
    }
    if (!right) return out;
    out.outcome = Outcome::authenticated;
    out.account = account;
    return out;
}

std::string challenge(std::string_view realm, std::string_view user, bool stale, const AccountDirectory& accounts,
                      Flow& flow, TimePoint now, Cryptography& crypto)
{
    const auto* account = usable(accounts.find(user, realm));
    const auto instead = decoy(user, realm, accounts, crypto);
    const auto algorithm = account != nullptr ? account->algorithm : instead;
    std::string out;
    out.reserve(128);
    out.append("Digest realm=\"");
    out.append(realm);
    out.append("\", nonce=\"");
    out.append(issue_nonce(flow.nonces, flow.id, now, crypto));
    out.append(algorithm == DigestAlgorithm::sha256 ? "\", algorithm=SHA-256, qop=\"auth\""
                                                    : "\", algorithm=MD5, qop=\"auth\"");
    if (stale) out.append(", stale=true");
    return out;
}

} // namespace sotto::auth
