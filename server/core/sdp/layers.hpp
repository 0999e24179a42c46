#pragma once
#include "core/sdp/description.hpp"

#include <string_view>
#include <vector>

namespace sotto::sdp {

/// The layers of a section (a=rid, RFC 8851) that its RTP names (RFC 8852), 32 at most: each line that names some is
/// compared with all. None where RTP carries no names of layers: they would only tell one phone from another. Views
/// into the description's text.
std::vector<std::string_view> layers_in(const Description& description, const Section& section);

} // namespace sotto::sdp
