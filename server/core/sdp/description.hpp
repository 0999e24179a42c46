#pragma once
#include "core/sdp/address.hpp"
#include "core/sdp/line_rules.hpp"

#include <bitset>
#include <cstdint>
#include <memory_resource>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace sotto::sdp {

/// One attribute that some rule knows.
struct Attribute {
    const LineRule* rule;
    std::string_view value;
};

using RuleSet = std::bitset<line_rules.size()>;

/// A media section, or the session's own part: the attributes that stand in it, as a range, and which rules they fall
/// under.
struct Section {
    std::string_view media;
    std::uint16_t port{0};
    std::string_view profile;
    std::string_view formats;
    std::optional<Address> connection;
    std::string_view mid;
    bool key_line{false}; ///< k=
    RuleSet has;
    std::size_t first{0};
    std::size_t count{0};

    [[nodiscard]] bool names(const LineRule& rule) const { return has[index_of(rule)]; }
};

/// What was read of a session description: views into its text, and only lines that the table admits.
struct Description {
    explicit Description(std::pmr::memory_resource* memory) : attributes{memory}, sections{memory} {}

    static constexpr std::size_t most_sections = 32;

    std::uint64_t version{0}; ///< of o=
    Section session;
    std::pmr::vector<Attribute> attributes;
    std::pmr::vector<Section> sections;

    [[nodiscard]] std::span<const Attribute> attributes_of(const Section& section) const
    {
        return std::span{attributes}.subspan(section.first, section.count);
    }
};

/// Reads `text`, a whole description or a fragment of one (RFC 8840 9.2: no v=, o=, s=, t=). False when it is
/// malformed. Lenient where phones are: line ends, order within the session part, and what will be dropped anyway.
bool read_description(std::string_view text, Fragment fragment, Description& description);

} // namespace sotto::sdp
