#include "core/auth/credentials.hpp"

#include "core/message/message.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sotto::auth {
namespace {

struct Parameter {
    std::string_view name;
    std::string_view Credentials::*member;
};
constexpr std::array parameters{
    Parameter{"username", &Credentials::username},
    Parameter{"realm", &Credentials::realm},
    Parameter{"nonce", &Credentials::nonce},
    Parameter{"uri", &Credentials::uri},
    Parameter{"response", &Credentials::response},
    Parameter{"cnonce", &Credentials::cnonce},
    Parameter{"nc", &Credentials::nc},
    Parameter{"qop", &Credentials::qop},
    Parameter{"algorithm", &Credentials::algorithm},
};

std::string_view unquoted(std::string_view text)
{
    if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
    return text;
}

} // namespace

std::optional<Credentials> parse_credentials(std::string_view value)
{
    constexpr std::string_view scheme = "Digest";
    value = trim(value);
    if (value.size() <= scheme.size() || !iequals(value.substr(0, scheme.size()), scheme)) return std::nullopt;
    value.remove_prefix(scheme.size());
    if (value.front() != ' ' && value.front() != '\t') return std::nullopt;

    Credentials out;
    std::array<bool, parameters.size()> seen{};
    bool twice = false;
    for_each_element(value, [&](std::string_view one) {
        const auto equals = one.find('=');
        if (equals == std::string_view::npos) return;
        const auto name = trim(one.substr(0, equals));
        const auto known = std::ranges::find_if(parameters, [=](const auto& p) { return iequals(name, p.name); });
        if (known == parameters.end()) return;
        twice = twice || std::exchange(seen[static_cast<std::size_t>(known - parameters.begin())], true);
        out.*known->member = unquoted(trim(one.substr(equals + 1)));
    });
    if (twice) return std::nullopt;
    return out;
}

std::optional<std::uint32_t> parse_nonce_count(std::string_view text)
{
    std::uint32_t count = 0;
    const auto* end = text.data() + text.size();
    if (text.size() != 8) return std::nullopt;
    const auto [stopped, error] = std::from_chars(text.data(), end, count, 16);
    if (error != std::errc{} || stopped != end || count == 0) return std::nullopt;
    return count;
}

std::optional<DigestAlgorithm> parse_algorithm(std::string_view text)
{
    if (text.empty() || iequals(text, "MD5")) return DigestAlgorithm::md5;
    if (iequals(text, "SHA-256")) return DigestAlgorithm::sha256;
    return std::nullopt;
}

} // namespace sotto::auth
