#pragma once
#include "audit/keys.hpp"

#include <boost/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// How entries hang together. One entry is one line of JSON whose last two members are made here:
///     {"seq":7, ... ,"mac":"<64 hex>","hash":"<64 hex>"}
///     mac  = HMAC-SHA256(key of this entry, hash of the entry before || text before `,"mac"`)
///     hash = SHA-256(hash of the entry before || text before `,"hash"`)
namespace sotto::audit {

namespace json = boost::json;

/// The last entry that somebody knows of: what comes before it cannot be changed without his noticing.
struct Head {
    std::uint64_t sequence{0};
    Hash hash{};
    bool operator==(const Head&) const = default;
};
/// "4711:<64 hex>", as the journal and `sotto audit verify` write it.
std::string to_string(const Head& head);
std::optional<Head> head_from(std::string_view text);

/// What a checkpoint signs: that entry `head` is the last one before it.
std::string signed_text(const Head& head);

/// One line taken apart. The views point into it.
struct Line {
    json::object members;
    std::string_view body;   ///< before `,"mac"`
    std::string_view hashed; ///< before `,"hash"`
    Hash mac{};
    Hash hash{};

    [[nodiscard]] std::uint64_t sequence() const; ///< 0 when there is none
    [[nodiscard]] std::string text(std::string_view member) const;
};
/// Nothing when the line (without its end) has not exactly the form that `chained` gives.
std::optional<Line> take_apart(std::string_view line);

/// `entry` as a line with its end, and its hash.
struct Chained {
    std::string line;
    Hash hash{};
};
Chained chained(const json::object& entry, const Hash& previous, const EvolvingMac& mac);

/// The hash that a line after `previous` must have.
Hash hash_of(const Line& line, const Hash& previous);

} // namespace sotto::audit
