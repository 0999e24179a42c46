#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace sotto {

enum class Content : std::uint8_t {
    sdp,
    sdp_fragment,
    status_line,
    dtmf,
    bare_dtmf,
    composing,
    picture_request,
    multipart,
    text,
    cpim,
    enveloped,
    signed_text
};

/// Text of the sender's own is what a MESSAGE is for; anywhere else a call does not need it.
enum class Within : std::uint8_t { any_request, message };

struct BodyRule {
    std::string_view type;
    Content content;
    Within within;
    std::string_view reason;
};

// clang-format off
/// What is done with each type of body. One without a row is refused (415), or left out of its multipart.
inline constexpr std::array body_rules{
    BodyRule{"application/sdp",                 Content::sdp,             Within::any_request, "rebuilt, see below"},
    BodyRule{"application/trickle-ice-sdpfrag", Content::sdp_fragment,    Within::any_request, "rebuilt, see below (RFC 8840 9)"},
    BodyRule{"message/sipfrag",                 Content::status_line,     Within::any_request, "the status line, with our reason phrase (RFC 3515 2.4.5)"},
    BodyRule{"application/dtmf-relay",          Content::dtmf,            Within::any_request, "Signal, and Duration: 160 ms, or whole seconds"},
    BodyRule{"application/dtmf",                Content::bare_dtmf,       Within::any_request, "one of the keys of a telephone, or 16: the flash"},
    BodyRule{"application/im-iscomposing+xml",  Content::composing,       Within::message,     "active or idle; times and content type go (RFC 3994 3)"},
    BodyRule{"application/media_control+xml",   Content::picture_request, Within::any_request, "that a whole picture is wanted (RFC 5168 4)"},
    BodyRule{"multipart/mixed",                 Content::multipart,       Within::any_request, "its parts as if they stood alone; boundary and parts' headers are ours, handling stays (RFC 2046 5.1)"},
    BodyRule{"multipart/alternative",           Content::multipart,       Within::any_request, "the same"},
    BodyRule{"text/plain",                      Content::text,            Within::message,     "what the sender says; charset if it is UTF-8"},
    BodyRule{"message/cpim",                    Content::cpim,            Within::message,     "the text in it; From, To, DateTime, Subject, ids and the rest go (RFC 3862)"},
    BodyRule{"application/pkcs7-mime",          Content::enveloped,       Within::any_request, "untouched when it is encrypted for its receiver, a withheld sender's for that one alone; not in a call under relay-only (RFC 8551 3.3, RFC 5083)"},
    BodyRule{"multipart/signed",                Content::signed_text,     Within::message,     "a text/plain part as it was signed and its signature; not of a withheld sender (RFC 8551 3.5.3)"},
};
// clang-format on

} // namespace sotto
