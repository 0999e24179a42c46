#include "core/auth/digest.hpp"

#include <algorithm>

namespace sotto::auth {
namespace {

std::string hex(std::span<const std::uint8_t> bytes)
{
    std::string out(bytes.size() * 2, '\0');
    auto to = out.begin();
    for (const auto byte : bytes) {
        *to++ = "0123456789abcdef"[byte >> 4U];
        *to++ = "0123456789abcdef"[byte & 15U];
    }
    return out;
}

std::string hash(DigestAlgorithm algorithm, std::string_view text, Cryptography& crypto)
{
    return algorithm == DigestAlgorithm::sha256 ? hex(crypto.sha256(text)) : hex(crypto.md5(text));
}

std::string joined(std::initializer_list<std::string_view> parts)
{
    std::string out;
    out.reserve(256); // the longest, H(H(A1):nonce:nc:cnonce:auth:H(A2)), has some 200
    for (const auto part : parts) {
        if (!out.empty()) out.push_back(':');
        out.append(part);
    }
    return out;
}

/// What an account of that name would use if there were one.
DigestAlgorithm decoy(std::string_view user, std::string_view realm, const AccountDirectory& accounts,
                      Cryptography& crypto)
{
    const auto choice = crypto.keyed_hash(Cryptography::Use::decoy, joined({realm, user})).low % 65'536;
    return choice < accounts.md5_share() ? DigestAlgorithm::md5 : DigestAlgorithm::sha256;
}

/// Nothing too for one whose password has to be set again: it is answered as unknown.
const Account* usable(std::string_view user, std::string_view realm, const AccountDirectory& accounts)
{
    const auto* account = accounts.find(user, realm);
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

/// "alice" and "alice@example.org" both name alice where example.org is the realm.
std::string_view user_in(std::string_view username, std::string_view realm)
{
    const auto at = username.rfind('@');
    if (at != std::string_view::npos && iequals(username.substr(at + 1), realm)) return username.substr(0, at);
    return username;
}

} // namespace

std::string digest_response(DigestAlgorithm algorithm, const std::array<std::uint8_t, 32>& secret,
                            std::string_view method, std::string_view uri, std::string_view nonce, std::string_view nc,
                            std::string_view cnonce, Cryptography& crypto)
{
    const auto size = algorithm == DigestAlgorithm::sha256 ? 32U : 16U;
    const auto ha1 = hex(std::span{secret}.first(size));
    const auto ha2 = hash(algorithm, joined({method, uri}), crypto);
    return hash(algorithm, joined({ha1, nonce, nc, cnonce, "auth", ha2}), crypto);
}

Checked check(const Message& request, Asker asker, std::string_view realm, const AccountDirectory& accounts, Flow& flow,
              TimePoint now, Cryptography& crypto)
{
    const auto header = asker == Asker::registrar ? Header::authorization : Header::proxy_authorization;
    const auto credentials = credentials_for(request, header, realm);
    if (!credentials) return {};
    if (!sane(credentials->uri))
        return {.outcome = Outcome::wrong, .claimed_user = user_in(credentials->username, realm)};
    return check(*credentials, request.method_name, realm, accounts, flow, now, crypto);
}

Checked check(const Credentials& credentials, std::string_view method, std::string_view realm,
              const AccountDirectory& accounts, Flow& flow, TimePoint now, Cryptography& crypto)
{
    Checked out{.outcome = Outcome::wrong, .claimed_user = user_in(credentials.username, realm)};
    const auto nc = parse_nonce_count(credentials.nc);
    const auto algorithm = parse_algorithm(credentials.algorithm);
    if (!nc || !algorithm || !iequals(credentials.qop, "auth") || credentials.cnonce.empty() ||
        credentials.nonce.empty() || credentials.username.empty())
        return out;

    // Known or not, right or wrong: the same hashes are computed, and nothing is decided before all of them.
    const auto* account = usable(out.claimed_user, realm, accounts);
    const auto instead = decoy(out.claimed_user, realm, accounts, crypto);
    static constexpr std::array<std::uint8_t, 32> no_secret{};
    const auto expected = account != nullptr ? account->algorithm : instead;
    const auto response =
        digest_response(expected, account != nullptr ? account->digest_secret : no_secret, method, credentials.uri,
                        credentials.nonce, credentials.nc, credentials.cnonce, crypto);
    const bool equal = equal_in_constant_time(response, lower(credentials.response));
    const bool right = equal && account != nullptr && *algorithm == expected;
    const auto nonce = check_nonce(flow.nonces, flow.id, credentials.nonce, *nc, now, crypto, right);
    if (!right) return out;
    if (nonce != NonceState::good) {
        out.outcome = Outcome::stale;
        return out;
    }
    out.outcome = Outcome::authenticated;
    out.account = account;
    return out;
}

std::string challenge(std::string_view realm, std::string_view user, bool stale, const AccountDirectory& accounts,
                      Flow& flow, TimePoint now, Cryptography& crypto)
{
    const auto* account = usable(user, realm, accounts);
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
