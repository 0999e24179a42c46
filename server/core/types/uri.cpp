#include "core/types/uri.hpp"

#include <algorithm>

namespace sotto {

namespace {
/// Where the parameter that begins at `at` ends: its semicolon, or the end of all.
std::size_t end_of_param(std::string_view params, std::size_t at, std::size_t first_quote)
{
    // Most have no quotes, or only behind this one.
    if (const auto end = std::min(params.find(';', at), params.size()); first_quote >= end) return end;
    bool quoted = false;
    for (; at < params.size() && (quoted || params[at] != ';'); ++at) {
        if (params[at] == '"')
            quoted = !quoted;
        else if (quoted && params[at] == '\\' && at + 1 < params.size())
            ++at;
    }
    return at;
}
} // namespace

std::optional<std::string_view> find_param(std::string_view params, std::string_view name)
{
    const auto first_quote = params.find('"');
    std::size_t at = 0;
    while (at < params.size()) {
        const auto end = end_of_param(params, at, first_quote);
        const auto one = params.substr(at, end - at);
        const auto equals = one.find('=');
        if (iequals(trim(one.substr(0, equals)), name))
            return equals == std::string_view::npos ? one.substr(one.size()) : trim(one.substr(equals + 1));
        at = end + 1;
    }
    return std::nullopt;
}

std::optional<std::string_view> Uri::param(std::string_view name) const { return find_param(params, name); }

namespace {
int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    const char low = to_lower(c);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}
} // namespace

std::optional<std::string> unescape(std::string_view text)
{
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        const int value = high * 16 + low;
        if (value < 32 || value == 127) return std::nullopt;
        out.push_back(static_cast<char>(value));
        i += 2;
    }
    return out;
}

std::optional<std::string> canonical_aor(const Uri& uri)
{
    if (uri.user.empty() || uri.host.empty()) return std::nullopt;
    auto user = unescape(uri.user);
    if (!user) return std::nullopt;
    return *user + "@" + lower(uri.host);
}

} // namespace sotto
