#pragma once
#include <boost/locale/utf.hpp>

#include <string>
#include <string_view>

namespace sotto {

/// Takes the next code point away; false: what is there is none (RFC 3629 3), and a byte or more of it was taken.
inline bool take_code_point(const char*& at, const char* end)
{
    return boost::locale::utf::is_valid_codepoint(boost::locale::utf::utf_traits<char>::decode(at, end));
}

inline bool is_utf8(std::string_view text)
{
    for (const auto *at = text.data(), *end = at + text.size(); at != end;)
        if (!take_code_point(at, end)) return false;
    return true;
}

/// With '?' where it is not UTF-8: for what somebody typed, and is to read.
inline std::string as_utf8(std::string_view text)
{
    std::string out;
    for (const auto *at = text.data(), *end = at + text.size(); at != end;) {
        const auto* from = at;
        if (take_code_point(at, end))
            out.append(from, at);
        else
            out += '?';
    }
    return out;
}

} // namespace sotto
