#include "core/privacy/identity.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr std::size_t longest_display = 64;

bool unreserved_in_user(char c)
{
    constexpr std::string_view others = "-_.!~*'()&=+$,;?/"; // mark and user-unreserved, RFC 3261 25.1
    const char l = to_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
}

} // namespace

bool is_anonymous(const Uri& uri) { return iequals(uri.host, "anonymous.invalid"); }

std::string address_uri(Scheme scheme, std::string_view aor)
{
    const auto at = aor.rfind('@');
    std::string out;
    out.reserve(aor.size() + 5);
    out += scheme == Scheme::sips ? "sips:" : "sip:";
    for (const char c : aor.substr(0, at)) {
        if (unreserved_in_user(c)) {
            out += c;
            continue;
        }
        constexpr std::string_view hex = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        (((out += '%') += hex[byte >> 4U]) += hex[byte & 15U]);
    }
    out += aor.substr(at);
    return out;
}

std::string shown_address(std::string_view display, std::string_view uri)
{
    display = trim(display);
    const bool quoted = display.size() >= 2 && display.front() == '"' && display.back() == '"';
    if (quoted) display = display.substr(1, display.size() - 2);
    std::string out;
    out.reserve(std::min(display.size(), longest_display) + uri.size() + 5);
    out += '"';
    for (std::size_t i = 0; i < display.size() && out.size() <= longest_display; ++i) {
        if (quoted && display[i] == '\\' && i + 1 < display.size()) ++i;
        const auto byte = static_cast<unsigned char>(display[i]);
        if (byte >= 32 && byte != 127 && byte != '"' && byte != '\\') out += display[i];
    }
    if (out.size() == 1)
        out.clear(); // nothing to show
    else
        out += "\" ";
    ((out += '<') += uri) += '>';
    return out;
}

} // namespace sotto
