#pragma once
#include "core/message/message.hpp"
#include "core/sdp/minimise.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto {

/// Why a message cannot be passed on as it is, mostly for its body.
struct BodyRefusal {
    Refusal refusal{Refusal::not_acceptable_here};
    std::string_view explanation; ///< for a Warning; empty when the status says it all
};

struct Body {
    std::string content_type;
    std::string content;                  ///< empty: there is none
    std::string content_id{};             ///< ours, of what a header refers to, with its angle brackets; else empty
    std::string disposition{};            ///< of a part: what is not the default (RFC 3261 20.11)
    std::vector<std::string> locations{}; ///< what the sender calls its locations (geolocation.hpp)
};

/// What one receiver may learn of a body.
struct BodyPolicy {
    sdp::SdpPolicy sdp{};
    bool location{false};         ///< where the sender is (RFC 4119, RFC 6442)
    bool withheld{false};         ///< who the sender is must not show
    bool critical{false};         ///< addresses that cannot be hidden are a privacy that cannot be had (RFC 3323 5)
    Method method{Method::other}; ///< of the request, or of the one that is answered
};

using BodyResult = boost::system::result<Body, BodyRefusal>;

/// The body of `source` for the other side: admitted types only, session descriptions minimised, what is protected end
/// to end untouched, multipart taken apart and built anew (RFC 2046 5.1).
BodyResult minimise_body(const Message& source, const BodyPolicy& policy);

/// For boost::system::result: asking a refused body for its value is our own bug.
[[noreturn]] void throw_exception_from_error(const BodyRefusal& refusal, const boost::source_location& where);

} // namespace sotto
