#pragma once
#include "core/sdp/media_names.hpp"
#include "core/types/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sotto::sdp {

/// What an attribute needs besides a look at its value; `plain` needs nothing else.
enum class Kind : std::uint8_t {
    line, ///< no attribute
    plain,
    direction,
    group,
    mid,
    bundle_only,
    fingerprint,
    zrtp_hash,
    crypto,
    key_mgmt,
    extmap,
    rtpmap,
    fmtp,
    rtcp_fb,
    msid,
    ssrc_group,
    ssrc,
    rtcp,
    candidate,
    remote_candidates,
    ice_options,
    rid,
    simulcast,
    message_size
};

enum class Treatment : std::uint8_t { drop, keep, rewrite };

enum class Level : std::uint8_t {
    session, ///< admitted before the first m= line only
    media,   ///< admitted in a media section only
    lowered  ///< admitted at both; a session-level value is written into each section that has none of its own, so that
             ///< the place does not tell one phone from another
};

/// Also admitted in a trickle-ice-sdpfrag (RFC 8840 9.2)?
enum class Fragment : std::uint8_t { no, yes };
/// How many of a kind a section may hold; further ones are dropped.
enum class Count : std::uint8_t { one, many };

using Valid = bool (*)(std::string_view value);

namespace value {
constexpr bool none(std::string_view value) { return value.empty(); }
constexpr bool any(std::string_view) { return true; }
constexpr bool packet_time(std::string_view value) // milliseconds
{
    const auto time = canonical_number(value);
    return time && *time >= 1 && *time <= 1000;
}
constexpr bool port(std::string_view value)
{
    const auto port = canonical_number(value);
    return port && *port <= 65535;
}
/// It stands in RTP as well, where 16 bytes is the most that the usual header extension holds (RFC 8285 4.2).
constexpr bool mid(std::string_view value) { return consists_of(value, 16, is_token_char); }
template <std::size_t shortest> constexpr bool ice(std::string_view value) // RFC 8839 5.4
{
    return value.size() >= shortest &&
           consists_of(value, 256, [](char c) { return is_alphanumeric(c) || c == '+' || c == '/'; });
}
constexpr bool setup(std::string_view value)
{
    return value == "active" || value == "passive" || value == "actpass" || value == "holdconn";
}
constexpr bool connection(std::string_view value) { return value == "new" || value == "existing"; }
constexpr bool tls_id(std::string_view value) // RFC 8842 4
{
    return value.size() >= 20 && consists_of(value, 255, [](char c) {
               return is_alphanumeric(c) || c == '+' || c == '/' || c == '-' || c == '_';
           });
}
/// RFC 8122 5: a hash that it knows, and as many bytes as that hash has, in either case.
constexpr bool fingerprint(std::string_view value)
{
    const auto name = take_word(value);
    const auto hash =
        std::find_if(hashes.begin(), hashes.end(), [=](const Hash& one) { return iequals(one.name, name); });
    const auto bytes = take_word(value);
    if (hash == hashes.end() || !value.empty() || bytes.size() != hash->size * 3 - 1) return false;
    for (std::size_t i = 0; i < bytes.size(); i += 3)
        if (!is_hex(bytes[i]) || !is_hex(bytes[i + 1]) || (i + 2 < bytes.size() && bytes[i + 2] != ':')) return false;
    return true;
}
constexpr bool zrtp_hash(std::string_view value) // RFC 6189 8: of a Hello, by SHA-256
{
    if (take_word(value) != "1.10") return false;
    const auto hash = take_word(value);
    return hash.size() == 64 && consists_of(hash, 64, is_hex) && value.empty();
}
/// RFC 4568 9.1: tag, suite, keys. A line with session parameters is dropped: they weaken the protection or would have
/// to be understood to be passed on.
constexpr bool crypto(std::string_view value)
{
    const auto part_of_key = [](char c) {
        return is_alphanumeric(c) || c == '+' || c == '/' || c == '=' || c == '|' || c == '^' || c == ':' || c == ';';
    };
    if (!consists_of(take_word(value), 9, is_digit)) return false;
    if (position_in(crypto_suites, take_word(value)) == crypto_suites.size()) return false;
    const auto keys = take_word(value);
    return keys.starts_with("inline:") && consists_of(keys, 256, part_of_key) && take_word(value).empty();
}
} // namespace value

struct LineRule {
    std::string_view line; ///< "c=", "a=mid"
    Kind kind;
    Level level;
    Treatment treatment;
    Count count;
    Fragment fragment;
    Valid valid; ///< a value that is not valid is dropped with its line
    std::string_view reason;
};

// clang-format off
/// Every line of a session description that Sotto knows. What is not here is dropped, and the rows that say `drop` are
/// here for the reader: to say why. Kept lines leave in this order.
inline constexpr std::array line_rules{
    //       line                    kind                    level           treatment            count        fragment       valid              reason
    LineRule{"v=",                   Kind::line,             Level::session, Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "always 0 (RFC 8866 5.1)"},
    LineRule{"o=",                   Kind::line,             Level::session, Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "sealed session id and version, user '-', address 0.0.0.0 (RFC 8829 5.2.1, RFC 5379 5.2.2); IP4 also for IPv6 media, so that it does not tell"},
    LineRule{"s=",                   Kind::line,             Level::session, Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "always '-' (RFC 3264 5)"},
    LineRule{"i=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "free text"},
    LineRule{"u=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "a page about the caller"},
    LineRule{"e=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "an e-mail address"},
    LineRule{"p=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "a telephone number"},
    LineRule{"c=",                   Kind::line,             Level::lowered, Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "where media goes; under relay-only the address of a relay candidate (RFC 8839 4.2.1)"},
    LineRule{"b=",                   Kind::line,             Level::lowered, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the device and its line; media adapts by RTCP feedback without it (RFC 8866 5.8: a proposal)"},
    LineRule{"t=",                   Kind::line,             Level::session, Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "always '0 0' (RFC 3264 5)"},
    LineRule{"r=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "a call does not repeat"},
    LineRule{"z=",                   Kind::line,             Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "a time zone is a place"},
    LineRule{"k=",                   Kind::line,             Level::lowered, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "a key that every server on the way can read (RFC 8866 5.12: obsolete)"},
    LineRule{"m=",                   Kind::line,             Level::media,   Treatment::rewrite, Count::one,  Fragment::yes, value::any,         "number and order stay (RFC 3264 8); payload types keep their order of preference"},
    LineRule{"a=group",              Kind::group,            Level::session, Treatment::rewrite, Count::many, Fragment::yes, value::any,         "BUNDLE and LS only, of the sections that remain (RFC 8843 7.3, RFC 5888)"},
    LineRule{"a=ice-lite",           Kind::plain,            Level::session, Treatment::keep,    Count::one,  Fragment::yes, value::none,        "decides who controls ICE (RFC 8839 5.3)"},
    LineRule{"a=mid",                Kind::mid,              Level::media,   Treatment::keep,    Count::one,  Fragment::yes, value::mid,         "only where a group, RTP or trickled candidates refer to it; RTP holds the name as well, which Sotto does not touch (with another one here than there bundled media would not be told apart): 16 characters at most (RFC 8843 9.1, 9.2, 15.2, RFC 8840 4.1.1); a random value or a counter within the call (RFC 8829 5.2.1)"},
    LineRule{"a=bundle-only",        Kind::bundle_only,      Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::none,        "port 0 does not mean rejected here (RFC 8843 6)"},
    LineRule{"a=sendrecv",           Kind::direction,        Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::none,        "hold and resume (RFC 3264 5.1); written even where it is the default"},
    LineRule{"a=sendonly",           Kind::direction,        Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::none,        "hold and resume (RFC 3264 5.1)"},
    LineRule{"a=recvonly",           Kind::direction,        Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::none,        "hold and resume (RFC 3264 5.1)"},
    LineRule{"a=inactive",           Kind::direction,        Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::none,        "hold and resume (RFC 3264 5.1)"},
    LineRule{"a=setup",              Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::setup,       "who opens DTLS (RFC 5763 5)"},
    LineRule{"a=connection",         Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::connection,  "whether DTLS begins anew (RFC 5763 6.6)"},
    LineRule{"a=tls-id",             Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::tls_id,      "whether DTLS begins anew; random for each association (RFC 8842 4)"},
    LineRule{"a=fingerprint",        Kind::fingerprint,      Level::lowered, Treatment::keep,    Count::many, Fragment::no,  value::fingerprint, "the phone's own key: untouched (RFC 8122 5, RFC 8862 4)"},
    LineRule{"a=zrtp-hash",          Kind::zrtp_hash,        Level::lowered, Treatment::keep,    Count::many, Fragment::no,  value::zrtp_hash,   "binds ZRTP to the signalling: untouched (RFC 6189 8)"},
    LineRule{"a=crypto",             Kind::crypto,           Level::media,   Treatment::drop,    Count::many, Fragment::no,  value::crypto,      "a key that every server on the way can read (RFC 4568); suite and keys are kept only for a gateway under weaken.sdes_routes"},
    LineRule{"a=key-mgmt",           Kind::key_mgmt,         Level::lowered, Treatment::drop,    Count::many, Fragment::no,  value::any,         "MIKEY: who signs it is named in it (RFC 4567)"},
    LineRule{"a=identity",           Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "an assertion of who the user is (RFC 8827 7)"},
    LineRule{"a=ice-ufrag",          Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::yes, value::ice<4>,      "ICE; random for each session (RFC 8839 5.4)"},
    LineRule{"a=ice-pwd",            Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::yes, value::ice<22>,     "ICE; random for each session (RFC 8839 5.4)"},
    LineRule{"a=ice-options",        Kind::ice_options,      Level::lowered, Treatment::rewrite, Count::one,  Fragment::yes, value::any,         "known options in one order (RFC 8839 5.6)"},
    LineRule{"a=ice-mismatch",       Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::none,        "ICE cannot be used (RFC 8839 5.3)"},
    LineRule{"a=ice-pacing",         Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the device; without it both use the default (RFC 8839 5.5)"},
    LineRule{"a=rtcp-mux",           Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::yes, value::none,        "one port for RTP and RTCP (RFC 5761 5.1.1)"},
    LineRule{"a=rtcp-mux-only",      Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::yes, value::none,        "one port for RTP and RTCP (RFC 8858 3)"},
    LineRule{"a=rtcp-rsize",         Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::none,        "RTCP feedback alone in a packet (RFC 5506 5)"},
    LineRule{"a=rtcp",               Kind::rtcp,             Level::media,   Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "the port; an address only where it is not that of c= (RFC 3605 2.1)"},
    LineRule{"a=ptime",              Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::packet_time, "how the receiver wants its packets (RFC 8866 6.4)"},
    LineRule{"a=maxptime",           Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::packet_time, "how much the receiver can take (RFC 8866 6.5)"},
    LineRule{"a=extmap-allow-mixed", Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::no,  value::none,        "form of header extensions (RFC 8285 6)"},
    LineRule{"a=extmap",             Kind::extmap,           Level::lowered, Treatment::rewrite, Count::many, Fragment::no,  value::any,         "known extensions, in the order of our table; ids are in the packets and stay (RFC 8285 5)"},
    LineRule{"a=rtpmap",             Kind::rtpmap,           Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "known codecs, spelled as registered, in order of preference, static ones too (RFC 8866 6.6)"},
    LineRule{"a=fmtp",               Kind::fmtp,             Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "of each codec its known parameters, of the form and within the bounds that they have for it, in one order (RFC 8866 6.15)"},
    LineRule{"a=rtcp-fb",            Kind::rtcp_fb,          Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "known feedback, in one order (RFC 4585 4.2)"},
    LineRule{"a=rid",                Kind::rid,              Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "only where RTP holds names of layers (RFC 8852); the same names as there, which Sotto does not touch, random or a counter within the call (RFC 8829 5.2.1); payload types and numbers are all that limits them (RFC 8851 10); 32 of a section at most"},
    LineRule{"a=simulcast",          Kind::simulcast,        Level::media,   Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "which layers are sent: those of a=rid (RFC 8853 5.1)"},
    LineRule{"a=msid-semantic",      Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the software; a=msid says it all (RFC 8830)"},
    LineRule{"a=msid",               Kind::msid,             Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "which tracks belong together; names are replaced by numbers (RFC 8830 2)"},
    LineRule{"a=ssrc-group",         Kind::ssrc_group,       Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "which stream repairs which, of those that a=ssrc names here (RFC 5576 4.2)"},
    LineRule{"a=ssrc",               Kind::ssrc,             Level::media,   Treatment::rewrite, Count::many, Fragment::no,  value::any,         "the number, which RTP shows anyway, random for each session (RFC 3550 8), 32 of a section at most; CNAME replaced by '-', labels dropped (RFC 5576 4.1)"},
    LineRule{"a=label",              Kind::plain,            Level::media,   Treatment::drop,    Count::one,  Fragment::no,  value::any,         "free text (RFC 4574)"},
    LineRule{"a=imageattr",          Kind::plain,            Level::media,   Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the device's display (RFC 6236)"},
    LineRule{"a=framerate",          Kind::plain,            Level::media,   Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the device's camera (RFC 8866 6.13)"},
    LineRule{"a=rtcp-xr",            Kind::plain,            Level::media,   Treatment::drop,    Count::one,  Fragment::no,  value::any,         "reports on the user's line (RFC 3611)"},
    LineRule{"a=tool",               Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "names the software (RFC 8866 6.3)"},
    LineRule{"a=lang",               Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the user's language (RFC 8866 6.12)"},
    LineRule{"a=sdplang",            Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "tells the user's language (RFC 8866 6.11)"},
    LineRule{"a=charset",            Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "of texts that are dropped (RFC 8866 6.10)"},
    LineRule{"a=keywds",             Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "free text (RFC 8866 6.2)"},
    LineRule{"a=cat",                Kind::plain,            Level::session, Treatment::drop,    Count::one,  Fragment::no,  value::any,         "free text (RFC 8866 6.1)"},
    LineRule{"a=sctp-port",          Kind::plain,            Level::media,   Treatment::keep,    Count::one,  Fragment::no,  value::port,        "data channels (RFC 8841 5)"},
    LineRule{"a=max-message-size",   Kind::message_size,     Level::media,   Treatment::rewrite, Count::one,  Fragment::no,  value::any,         "data channels; rounded down to a power of two (RFC 8841 6)"},
    LineRule{"a=candidate",          Kind::candidate,        Level::media,   Treatment::rewrite, Count::many, Fragment::yes, value::any,         "foundations renumbered, priorities counted anew in the sender's order (RFC 8445 5.1.2.1), related addresses hidden, extensions dropped; under relay-only typ relay alone (RFC 8839 5.1, RFC 8828)"},
    LineRule{"a=remote-candidates",  Kind::remote_candidates,Level::media,   Treatment::rewrite, Count::one,  Fragment::yes, value::any,         "the receiver's own addresses, ends ICE (RFC 8839 5.2); not under relay-only"},
    LineRule{"a=end-of-candidates",  Kind::plain,            Level::lowered, Treatment::keep,    Count::one,  Fragment::yes, value::none,        "ends trickling (RFC 8840 8.2)"},
};
// clang-format on

constexpr std::size_t index_of(const LineRule& rule) { return static_cast<std::size_t>(&rule - line_rules.data()); }

inline constexpr auto is_attribute = [](const LineRule& rule) { return rule.line.starts_with("a="); };
/// Attributes stand together, behind everything else.
inline constexpr auto first_attribute =
    static_cast<std::size_t>(std::find_if(line_rules.begin(), line_rules.end(), is_attribute) - line_rules.begin());
static_assert(std::all_of(line_rules.begin() + first_attribute, line_rules.end(), is_attribute));

/// Their names without "a=".
inline constexpr auto attribute_names = [] {
    std::array<std::string_view, line_rules.size() - first_attribute> names;
    for (std::size_t i = 0; i < names.size(); ++i) names[i] = line_rules[first_attribute + i].line.substr(2);
    return names;
}();
inline constexpr Vocabulary<256, Case::matters> attributes{attribute_names};

/// The rule for an attribute by its name without "a=" (case matters, RFC 8866 9); nullptr for one that no rule knows.
constexpr const LineRule* attribute_rule(std::string_view name)
{
    const auto place = attributes.find(name);
    return place == attributes.size() ? nullptr : &line_rules[first_attribute + place];
}

/// The rule for a name that must be in the table.
consteval const LineRule& rule_for(std::string_view name) { return *attribute_rule(name); }

static_assert(attribute_rule("tool")->treatment == Treatment::drop);
static_assert(attribute_rule("x-canary") == nullptr);

} // namespace sotto::sdp
