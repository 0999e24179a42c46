#pragma once
#include "core/sdp/candidate.hpp"
#include "core/sdp/description.hpp"

#include <optional>

namespace sotto::sdp {

/// Port 0 does not mean rejected then (RFC 8843 6).
bool is_bundle_only(const Section& section);

/// Is the section, or the session part for it, under such a key? One with a=bundle-only takes over no transport from
/// the session part.
bool states_key(const Description& description, const Section& section, const LineRule& key);

/// The best relay candidate of a section for one component (1: RTP, 2: RTCP): UDP before TCP, then the highest
/// priority.
std::optional<Candidate> relay_of(const Description& description, const Section& section, unsigned component = 1);

} // namespace sotto::sdp
