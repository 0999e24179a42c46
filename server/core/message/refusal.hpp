#pragma once
#include <cstdint>
#include <string_view>

namespace sotto {

/// Why a request is refused. Says nothing about any subscriber. Each has one status code and one reason phrase.
// clang-format off
enum class Refusal : std::uint8_t {
    malformed_request_line, malformed_header, missing_header, repeated_header, cseq_mismatch, bad_content_length,
    bad_uri, inconsistent_uri, bad_expires, bad_contact, bad_route, bad_body,
    message_too_large, uri_too_long, unsupported_media, unsupported_scheme, bad_extension, too_many_hops,
    unsupported_version, header_too_large, method_not_implemented, method_not_allowed, loop, max_breadth_exceeded,
    unauthorised, proxy_unauthorised, forbidden, from_not_own, not_found, unavailable, no_dialog,
    interval_too_brief, bad_event, overloaded, internal_error, timeout, not_acceptable_here, request_pending,
    anonymity_disallowed, privacy_critical, flow_failed, outbound_unsupported, extension_required,
    request_terminated, out_of_order, address_incomplete, busy_everywhere, decline,
    no_anonymous_caller, caller_blocked,
    push_unsupported,
    count_
};
// clang-format on

struct Verdict {
    std::uint16_t status;
    std::string_view reason;
};

Verdict verdict_of(Refusal refusal);

/// The RFC's own phrase for a status code, "Unknown" classes included: reason phrases are always ours.
std::string_view reason_of(int status);

} // namespace sotto
