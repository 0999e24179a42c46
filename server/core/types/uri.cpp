#include "core/types/uri.hpp"

#include <algorithm>

namespace sotto {

namespace {
/// Behind the quoted string whose content begins at `begin`.
std::size_t behind_quotes(std::string_view params, std::size_t begin)
{
    for (auto quote = params.find('"', begin); quote != std::string_view::npos; quote = params.find('"', quote + 1)) {
        auto unescaped = quote;
        while (unescaped > begin && params[unescaped - 1] == '\\') --unescaped;
        if ((quote - unescaped) % 2 == 0) return quote + 1;
    }
    return params.size();
}

/// Where the parameter that begins at `at` ends: its semicolon, or the end of all. `quote` is the first quote at or
/// behind `at`, and afterwards behind the end.
std::size_t end_of_param(std::string_view params, std::size_t at, std::size_t& quote)
{
    auto end = std::min(params.find(';', at), params.size());
    while (quote < end) {
        at = behind_quotes(params, quote + 1);
        end = std::min(params.find(';', at), params.size());
        quote = params.find('"', at);
    }
    return end;
}

/// The value of a parameter that is `name` and what is left behind it.
std::optional<std::string_view> value_in(std::string_view behind_name)
{
    const auto rest = trim(behind_name);
    if (rest.empty()) return behind_name.substr(0, 0);
    if (rest.front() == '=') return trim(rest.substr(1));
    return std::nullopt;
}
} // namespace

std::optional<std::string_view> find_param(std::string_view params, std::string_view name)
{
    ParamReader reader{params};
    for (std::string_view one; reader.next(one);)
        if (one.size() >= name.size() && iequals(one.substr(0, name.size()), name))
            if (const auto value = value_in(one.substr(name.size()))) return value;
    return std::nullopt;
}

std::optional<std::string_view> Uri::param(std::string_view name) const { return find_param(params, name); }

bool ParamReader::next(std::string_view& one)
{
    if (at_ >= params_.size()) return false;
    const auto end = end_of_param(params_, at_, quote_);
    one = trim(params_.substr(at_, end - at_));
    at_ = end + 1;
    return true;
}

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
