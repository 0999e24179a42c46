#include "core/types/uri.hpp"

namespace sotto {

std::optional<std::string_view> find_param(std::string_view params, std::string_view name)
{
    std::size_t at = 0;
    while (at < params.size()) {
        bool quoted = false;
        std::size_t end = at;
        for (; end < params.size() && (quoted || params[end] != ';'); ++end) {
            if (params[end] == '"')
                quoted = !quoted;
            else if (quoted && params[end] == '\\' && end + 1 < params.size())
                ++end;
        }
        const auto one = params.substr(at, end - at);
        const auto equals = one.find('=');
        if (iequals(trim(one.substr(0, equals)), name))
            return equals == std::string_view::npos ? std::string_view{} : trim(one.substr(equals + 1));
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
