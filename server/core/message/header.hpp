#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto {

/// Every header field that some rule of ours reads. A name that is not here never enters a message.
// clang-format off
enum class Header : std::uint8_t {
    via, route, record_route, path, max_forwards, max_breadth, from, to, call_id, cseq, contact,
    expires, min_expires, authorization, proxy_authorization, www_authenticate, proxy_authenticate, authentication_info,
    require, proxy_require, supported, unsupported, allow, allow_events, accept, accept_encoding, accept_language,
    event, subscription_state, refer_to, referred_by, refer_sub, replaces, join, target_dialog, in_reply_to,
    rack, rseq, session_expires, min_se, reason, retry_after, warning, privacy, p_asserted_identity,
    p_preferred_identity, remote_party_id, identity, date, history_info, geolocation, geolocation_routing, priority,
    info_package, recv_info, alert_info, service_route, flow_timer, feature_caps, call_protection,
    mime_version, content_type, content_disposition, content_encoding, content_language, content_id, content_length,
    count_
};
// clang-format on

/// Long and compact names, compared without case (RFC 3261 7.3.1, 7.3.3). Nothing for a name that no rule reads.
std::optional<Header> header_of(std::string_view name);
/// The canonical long name, as it is written on the wire.
std::string_view name_of(Header header);

} // namespace sotto
