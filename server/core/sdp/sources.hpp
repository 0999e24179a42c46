#pragma once
#include "core/sdp/media_names.hpp"

#include <bitset>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::sdp {

/// The RTP streams of one section, by their numbers (RFC 5576). RTP shows these, so they stay; one that no a=ssrc names
/// with its CNAME would be anything, and so would a second group of the same kind.
class Sources {
public:
    /// The value of an a=ssrc; false when the line does not leave. To be told all of the section before `put_group`.
    bool admit(std::string_view value);
    /// Nothing is written of a group with a member that was not admitted, or that is in another group of that kind.
    void put_group(std::string& out, std::string_view value);
    /// CNAME is replaced by "-".
    static void put(std::string& out, std::string_view value);

private:
    struct Source {
        std::uint32_t number;
        std::bitset<ssrc_groups.size()> grouped{};
    };
    std::vector<Source> sources_;
};

} // namespace sotto::sdp
