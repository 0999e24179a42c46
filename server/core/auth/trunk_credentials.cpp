#include "core/auth/trunk_credentials.hpp"

#include <array>
#include <cstdio>
#include <span>

namespace sotto::auth {
namespace {

std::string hex(std::span<const std::uint8_t> bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    out.reserve(bytes.size() * 2);
    for (const auto byte : bytes) (out += digits[byte >> 4U]) += digits[byte & 15U];
    return out;
}

std::string digest_of(bool sha256, std::string_view text, Cryptography& cryptography)
{
    return sha256 ? hex(cryptography.sha256(text)) : hex(cryptography.md5(text));
}

/// Value of one parameter of a challenge, without its quotes.
std::string parameter(std::string_view challenge, std::string_view name)
{
    std::string found;
    for_each_element(challenge, [&](std::string_view one) {
        const auto equals = one.find('=');
        if (equals == std::string_view::npos || !iequals(trim(one.substr(0, equals)), name)) return;
        auto value = trim(one.substr(equals + 1));
        if (value.size() >= 2 && value.front() == '"' && value.back() == '"') value = value.substr(1, value.size() - 2);
        if (found.empty()) found = value;
    });
    return found;
}

bool lists_auth(std::string_view qop)
{
    bool any = false;
    for_each_element(qop, [&](std::string_view one) { any = any || iequals(one, "auth"); });
    return any;
}

} // namespace

std::optional<TrunkCredentials::Challenge> TrunkCredentials::read(const Message& response)
{
    constexpr std::string_view scheme = "Digest ";
    const bool proxy = response.status == 407;
    std::optional<Challenge> best;
    for (const auto& field : response.fields) {
        if (field.name != (proxy ? Header::proxy_authenticate : Header::www_authenticate)) continue;
        if (!iequals(field.value.substr(0, scheme.size()), scheme)) continue;
        const auto text = field.value.substr(scheme.size());
        const auto algorithm = parameter(text, "algorithm");
        const auto qop = parameter(text, "qop");
        const bool sha256 = iequals(algorithm, "SHA-256");
        if (!sha256 && !algorithm.empty() && !iequals(algorithm, "MD5")) continue;
        if (!qop.empty() && !lists_auth(qop)) continue;
        if (best && (best->sha256 || !sha256)) continue; // RFC 8760 2.3: the stronger one
        best = Challenge{.proxy = proxy,
                         .sha256 = sha256,
                         .named = !algorithm.empty(),
                         .qop = !qop.empty(),
                         .realm = parameter(text, "realm"),
                         .nonce = parameter(text, "nonce"),
                         .opaque = parameter(text, "opaque")};
        if (best->nonce.empty()) best.reset();
    }
    return best;
}

bool TrunkCredentials::challenged(const Route& route, const Destination& target, const Message& response)
{
    if (route.username.empty()) return false;
    auto challenge = read(response);
    if (!challenge) return false;
    auto& known = challenges_[{route.name, target.host}];
    if (known.nonce == challenge->nonce) challenge->count = known.count; // RFC 7616 3.4: nc never starts anew
    known = *std::move(challenge);
    return true;
}

std::optional<TrunkCredentials::Answer> TrunkCredentials::answer(const Route& route, const Destination& target,
                                                                 Method method, std::string_view uri,
                                                                 Cryptography& cryptography)
{
    const auto found = challenges_.find({route.name, target.host});
    if (found == challenges_.end() || route.username.empty()) return std::nullopt;
    auto& challenge = found->second;
    const auto h = [&](const std::string& text) { return digest_of(challenge.sha256, text, cryptography); };
    const auto secret = h(route.username + ":" + challenge.realm + ":" + route.password);
    const auto what = h(std::string{name_of(method)}.append(":").append(uri));
    std::array<char, 9> count{};
    std::snprintf(count.data(), count.size(), "%08x", ++challenge.count);
    std::array<std::uint8_t, 8> random{};
    cryptography.random(random);
    const auto cnonce = hex(random);
    const auto response = challenge.qop
                              ? h(secret + ":" + challenge.nonce + ":" + count.data() + ":" + cnonce + ":auth:" + what)
                              : h(secret + ":" + challenge.nonce + ":" + what);
    std::string value = "Digest username=\"" + route.username + "\", realm=\"" + challenge.realm + "\", nonce=\"" +
                        challenge.nonce + "\", uri=\"" + std::string{uri} + "\", response=\"" + response + "\"";
    if (challenge.named) value += challenge.sha256 ? ", algorithm=SHA-256" : ", algorithm=MD5";
    if (challenge.qop) value += std::string{", qop=auth, nc="} + count.data() + ", cnonce=\"" + cnonce + "\"";
    if (!challenge.opaque.empty()) value += ", opaque=\"" + challenge.opaque + "\"";
    return Answer{challenge.proxy ? Header::proxy_authorization : Header::authorization, std::move(value)};
}

} // namespace sotto::auth
