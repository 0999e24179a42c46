#include "core/message/header.hpp"

#include "core/types/vocabulary.hpp"

#include <array>

namespace sotto {
namespace {

struct Row {
    std::string_view name;
    char compact; ///< 0: none
};

// In the order of the enumeration.
// clang-format off
constexpr std::array<Row, static_cast<std::size_t>(Header::count_)> rows{{
    {"Via", 'v'}, {"Route", 0}, {"Record-Route", 0}, {"Path", 0}, {"Max-Forwards", 0}, {"Max-Breadth", 0},
    {"From", 'f'}, {"To", 't'}, {"Call-ID", 'i'}, {"CSeq", 0}, {"Contact", 'm'}, {"Expires", 0}, {"Min-Expires", 0},
    {"Authorization", 0}, {"Proxy-Authorization", 0}, {"WWW-Authenticate", 0}, {"Proxy-Authenticate", 0},
    {"Authentication-Info", 0}, {"Require", 0}, {"Proxy-Require", 0}, {"Supported", 'k'}, {"Unsupported", 0},
    {"Allow", 0}, {"Allow-Events", 'u'}, {"Accept", 0}, {"Accept-Encoding", 0}, {"Accept-Language", 0},
    {"Event", 'o'}, {"Subscription-State", 0}, {"Refer-To", 'r'}, {"Referred-By", 'b'}, {"Refer-Sub", 0},
    {"Replaces", 0}, {"Join", 0}, {"Target-Dialog", 0}, {"In-Reply-To", 0}, {"RAck", 0}, {"RSeq", 0},
    {"Session-Expires", 'x'}, {"Min-SE", 0}, {"Reason", 0}, {"Retry-After", 0}, {"Warning", 0}, {"Privacy", 0},
    {"P-Asserted-Identity", 0}, {"P-Preferred-Identity", 0}, {"Remote-Party-ID", 0}, {"Identity", 'y'}, {"Date", 0},
    {"History-Info", 0}, {"Geolocation", 0}, {"Geolocation-Routing", 0}, {"Priority", 0}, {"Info-Package", 0},
    {"Recv-Info", 0}, {"Alert-Info", 0}, {"Service-Route", 0}, {"Flow-Timer", 0}, {"Feature-Caps", 0},
    {"Call-Protection", 0},
    {"MIME-Version", 0}, {"Content-Type", 'c'}, {"Content-Disposition", 0}, {"Content-Encoding", 'e'},
    {"Content-Language", 0}, {"Content-ID", 0}, {"Content-Length", 'l'},
}};
// clang-format on

constexpr auto names = [] {
    std::array<std::string_view, rows.size()> out;
    for (std::size_t i = 0; i < rows.size(); ++i) out[i] = rows[i].name;
    return out;
}();
constexpr Vocabulary<256> long_names{names};

constexpr std::uint8_t empty = 0xFF;

constexpr std::array<std::uint8_t, 256> compact_names = [] {
    std::array<std::uint8_t, 256> table{};
    table.fill(empty);
    for (std::size_t i = 0; i < rows.size(); ++i)
        if (rows[i].compact != 0) table[static_cast<unsigned char>(rows[i].compact)] = static_cast<std::uint8_t>(i);
    return table;
}();

} // namespace

std::optional<Header> header_of(std::string_view name)
{
    if (name.empty()) return std::nullopt;
    if (name.size() == 1) {
        const auto found = compact_names[static_cast<unsigned char>(to_lower(name.front()))];
        return found == empty ? std::nullopt : std::optional{static_cast<Header>(found)};
    }
    const auto place = long_names.find(name);
    return place == long_names.size() ? std::nullopt : std::optional{static_cast<Header>(place)};
}

std::string_view name_of(Header header) { return rows[static_cast<std::size_t>(header)].name; }

} // namespace sotto
