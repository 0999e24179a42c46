#include "load/digest.hpp"

#include "core/types/ascii.hpp"

#include <array>
#include <cstdio>
#include <openssl/evp.h>
#include <stdexcept>
#include <vector>

namespace sotto::load {
namespace {

std::string hex_digest(bool sha256, std::string_view text)
{
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest;
    unsigned size = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &size, sha256 ? EVP_sha256() : EVP_md5(), nullptr) != 1)
        throw std::runtime_error("the digest algorithm is not available");
    constexpr std::string_view digits = "0123456789abcdef";
    std::string hex;
    for (unsigned i = 0; i < size; ++i) {
        hex += digits[digest[i] >> 4];
        hex += digits[digest[i] & 15];
    }
    return hex;
}

/// `name=value` and `name="value"` pairs separated by commas; commas inside quotes do not separate.
std::string_view field(std::string_view fields, std::string_view wanted)
{
    while (!fields.empty()) {
        bool quoted = false;
        std::size_t end = 0;
        for (; end < fields.size() && (quoted || fields[end] != ','); ++end)
            if (fields[end] == '"') quoted = !quoted;
        const auto one = fields.substr(0, end);
        fields.remove_prefix(std::min(end + 1, fields.size()));
        const auto equals = one.find('=');
        if (equals == std::string_view::npos || !iequals(trim(one.substr(0, equals)), wanted)) continue;
        auto text = trim(one.substr(equals + 1));
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
        return text;
    }
    return {};
}

} // namespace

std::optional<Challenge> choose_challenge(const Message& answer)
{
    std::optional<Challenge> chosen;
    for (const auto& header : answer.headers()) {
        const bool proxy = iequals(header.name, "Proxy-Authenticate");
        if (!proxy && !iequals(header.name, "WWW-Authenticate")) continue;
        if (!iequals(header.value.substr(0, 7), "Digest ")) continue;
        const auto fields = header.value.substr(7);
        const auto algorithm = field(fields, "algorithm");
        const bool sha256 = iequals(algorithm, "SHA-256");
        if (!sha256 && !algorithm.empty() && !iequals(algorithm, "MD5")) continue;
        if (chosen && (chosen->sha256 || !sha256)) continue;
        chosen = Challenge{std::string{field(fields, "realm")},
                           std::string{field(fields, "nonce")},
                           std::string{field(fields, "opaque")},
                           std::string{algorithm},
                           sha256,
                           field(fields, "qop").find("auth") != std::string_view::npos,
                           proxy,
                           iequals(field(fields, "stale"), "true")};
    }
    return chosen;
}

std::string authorization(const Challenge& challenge, const Credentials& credentials, std::string_view method,
                          std::string_view uri, std::uint32_t nonce_count, std::string_view cnonce)
{
    const auto hash = [&](std::string_view text) { return hex_digest(challenge.sha256, text); };
    const auto a1 = hash(join(credentials.user, ":", challenge.realm, ":", credentials.password));
    const auto a2 = hash(join(method, ":", uri));
    std::array<char, 9> count{};
    std::snprintf(count.data(), count.size(), "%08x", nonce_count);
    const auto nc = std::string_view{count.data(), 8};
    const auto response = challenge.qop_auth ? hash(join(a1, ":", challenge.nonce, ":", nc, ":", cnonce, ":auth:", a2))
                                             : hash(join(a1, ":", challenge.nonce, ":", a2));
    auto line = join(challenge.proxy ? "Proxy-Authorization" : "Authorization", ": Digest username=\"",
                     credentials.user, "\", realm=\"", challenge.realm, "\", nonce=\"", challenge.nonce, "\", uri=\"",
                     uri, "\", response=\"", response, "\"");
    if (!challenge.algorithm.empty()) line += join(", algorithm=", challenge.algorithm);
    if (!challenge.opaque.empty()) line += join(", opaque=\"", challenge.opaque, "\"");
    if (challenge.qop_auth) line += join(", qop=auth, nc=", nc, ", cnonce=\"", cnonce, "\"");
    return line + "\r\n";
}

} // namespace sotto::load
