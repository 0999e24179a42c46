#include "core/privacy/allow_list.hpp"

namespace sotto {
namespace {

using enum Treatment;
using enum Method;

constexpr std::array<Treatment, 4> all(Treatment t) { return {t, t, t, t}; }
constexpr auto none = all(drop);
/// own subscriber, federated peer, telephone gateway, emergency service
constexpr std::array<Treatment, 4> by(Treatment s, Treatment p, Treatment g, Treatment e) { return {s, p, g, e}; }

constexpr Methods all_but_ack{invite, bye, options, message, notify, refer, info, update, prack};
constexpr Methods asking{invite, options, refer, update}; ///< what they are answered may depend on what one can do
constexpr Methods capable{invite, options, update};       ///< of bodies (RFC 3261 table 2, RFC 3311 5.1)
constexpr Methods offers{invite, update};                 ///< of a session, and of its timer
constexpr Meaning everywhere{.requests = Methods::all(), .answers = Methods::all(), .classes = {1, 2, 3, 4, 5, 6}};

// clang-format off
constexpr std::array rules{
    HeaderRule{Header::via,                 all(own),      all(rebuild), Shape::none, "one Via of ours toward the next hop; the sender's own back in responses", "RFC 3261 16.6 step 8, 16.7 step 3; RFC 3323 5.1"},
    HeaderRule{Header::route,               all(rebuild),  none,         Shape::none, "only the Path that the receiver itself registered, or the proxies with which it began the dialog", "RFC 3327 5.3; RFC 3261 12.1"},
    HeaderRule{Header::record_route,        none,          all(rebuild), Shape::none, "of the proxies that the request came through, back to them", "RFC 3261 12.1.1; RFC 5626 9.5"},
    HeaderRule{Header::path,                none,          all(own),     Shape::none, "back to the edge that added it to a REGISTER", "RFC 3327 5.3"},
    HeaderRule{Header::max_forwards,        all(own),      none,         Shape::none, "lowered to 29, 19 or 9, then counted down: what a phone begins with does not show, and every loop ends", "RFC 3261 16.6 step 3"},
    HeaderRule{Header::max_breadth,         all(own),      none,         Shape::none, "1 for each branch: a share would show how many devices there are", "RFC 5393 5.3"},
    HeaderRule{Header::from,                all(seal),     all(rebuild), Shape::none, "shown identity, sealed tag; the display name in what rings or is read, an INVITE or MESSAGE that begins a dialog or stands alone, and in no request inside a dialog", "RFC 3323 4.1.1.3; SEALING.md"},
    HeaderRule{Header::to,                  all(seal),     all(seal),    Shape::none, "address without display name, sealed tag", "SEALING.md"},
    HeaderRule{Header::call_id,             all(seal),     all(rebuild), Shape::none, "sealed per leg", "RFC 3323 5.3; SEALING.md"},
    HeaderRule{Header::cseq,                all(seal),     all(rebuild), Shape::none, "offset per dialog", "SEALING.md"},
    HeaderRule{Header::contact,             all(seal),     all(seal),    Shape::none, "a target of ours in place of the device's address", "RFC 3323 5.1; SEALING.md"},
    HeaderRule{Header::expires,             all(pass),     all(own),     Shape::period, "lifetime of an invitation or a message, a day at most; in an answer, of a subscription to us", "RFC 3261 20.19; RFC 3428 4", {.requests = {invite, message}}},
    HeaderRule{Header::min_expires,         none,          all(own),     Shape::none, "our own 423 only", "RFC 3261 20.23"},
    HeaderRule{Header::www_authenticate,    none,          all(own),     Shape::none, "our own challenge only", "RFC 3261 22"},
    HeaderRule{Header::proxy_authenticate,  none,          all(own),     Shape::none, "our own challenge only", "RFC 3261 22"},
    HeaderRule{Header::authorization,       by(drop, drop, own, own), none, Shape::none, "our own credentials, to a trunk that asked", "RFC 3261 22"},
    HeaderRule{Header::proxy_authorization, by(drop, drop, own, own), none, Shape::none, "our own credentials, to a trunk that asked", "RFC 3261 22"},
    HeaderRule{Header::require,             all(pass),     all(pass),    Shape::option_tags, "extensions the call needs", "RFC 3261 20.32", {.requests = all_but_ack, .answers = offers, .classes = {1, 2}, .statuses = {421}}},
    HeaderRule{Header::supported,           all(pass),     all(pass),    Shape::option_tags, "extensions both sides may use", "RFC 3261 20.37", {.requests = asking, .answers = asking, .classes = {1, 2}}},
    HeaderRule{Header::unsupported,         none,          all(pass),    Shape::option_tags, "what was not understood", "RFC 3261 20.40", {.statuses = {420}}},
    HeaderRule{Header::allow,               all(pass),     all(pass),    Shape::methods, "what the other party may send", "RFC 3261 20.5", {.requests = asking, .answers = asking, .classes = {1, 2}, .statuses = {405}}},
    HeaderRule{Header::allow_events,        none,          all(pass),    Shape::events, "what may be subscribed to", "RFC 6665 8.2.2", {.statuses = {489}}},
    HeaderRule{Header::accept,              all(pass),     all(pass),    Shape::media_types, "bodies the other party may send", "RFC 3261 20.1", {.requests = capable, .answers = capable, .classes = {2}, .statuses = {415}}},
    HeaderRule{Header::accept_encoding,     none,          all(own),     Shape::none, "with 415", "RFC 3261 20.2"},
    HeaderRule{Header::event,               all(pass),     none,         Shape::event, "subject of a subscription; the id is that of the REFER, as who sent it knows it", "RFC 6665 8.2.1; RFC 3515 2.4.6", {.requests = {notify}}},
    HeaderRule{Header::subscription_state,  all(pass),     none,         Shape::subscription_state, "state of a subscription", "RFC 6665 8.2.3", {.requests = {notify}}},
    HeaderRule{Header::refer_to,            all(seal),     none,         Shape::none, "translated from leg to leg", "RFC 3515; SEALING.md"},
    HeaderRule{Header::referred_by,         all(rebuild),  none,         Shape::none, "from the authenticated identity, unless withheld", "RFC 3892; RFC 5379 4.1"},
    HeaderRule{Header::refer_sub,           all(pass),     all(pass),    Shape::boolean, "whether REFER subscribes", "RFC 4488", {.requests = {refer}, .answers = {refer}, .classes = {2}}},
    HeaderRule{Header::replaces,            all(seal),     none,         Shape::none, "translated from leg to leg", "RFC 3891; SEALING.md"},
    HeaderRule{Header::join,                all(seal),     none,         Shape::none, "translated from leg to leg", "RFC 3911; SEALING.md"},
    HeaderRule{Header::target_dialog,       all(seal),     none,         Shape::none, "translated from leg to leg", "RFC 4538; SEALING.md"},
    HeaderRule{Header::in_reply_to,         all(seal),     none,         Shape::none, "given back to whose Call-ID it is; goes when the caller is withheld", "RFC 3261 20.21; RFC 5379 5.1.1"},
    HeaderRule{Header::rack,                all(seal),     none,         Shape::none, "carries an RSeq and a CSeq", "RFC 3262 7.2"},
    HeaderRule{Header::rseq,                none,          all(seal),    Shape::none, "reliable provisional responses; offset per dialog", "RFC 3262 7.1"},
    HeaderRule{Header::session_expires,     all(pass),     all(pass),    Shape::session_interval, "session refresh; a day at most, and who refreshes: uac or uas", "RFC 4028 4", {.requests = offers, .answers = offers, .classes = {2}}},
    HeaderRule{Header::min_se,              all(pass),     all(pass),    Shape::period, "session refresh", "RFC 4028 5", {.requests = offers, .statuses = {422}}},
    HeaderRule{Header::info_package,        all(pass),     none,         Shape::events, "DTMF and the like", "RFC 6086 7", {.requests = {info}}},
    HeaderRule{Header::recv_info,           all(pass),     all(pass),    Shape::events, "DTMF and the like", "RFC 6086 7", {.requests = {invite, prack, update}, .answers = {invite, prack, update}, .classes = {1, 2}, .statuses = {469}}},
    HeaderRule{Header::reason,              all(pass),     all(pass),    Shape::cause, "why a call ended: of each protocol one cause in its range; the text goes", "RFC 3326; RFC 6432", {.requests = {bye}, .answers = {invite}, .classes = {1, 4, 5, 6}}},
    HeaderRule{Header::retry_after,         none,          all(pass),    Shape::period, "when to try again; comment and parameters go", "RFC 3261 20.33", {.statuses = {404, 413, 480, 486, 500, 503, 600, 603}}},
    HeaderRule{Header::warning,             none,          all(pass),    Shape::warning, "why it is refused: code kept, agent and text are ours", "RFC 3261 20.43; RFC 5379 5.1.17", {.answers = Methods::all(), .classes = {4, 5, 6}}},
    HeaderRule{Header::privacy,             by(drop, own, own, drop), none, Shape::none, "only where the next hop acts on it", "RFC 3323 5"},
    HeaderRule{Header::p_asserted_identity, by(drop, own, own, own), none, Shape::none, "set by us, inside the trust domain only", "RFC 3325"},
    HeaderRule{Header::date,                all(pass),     none,         Shape::none, "with Identity only: the signature is made over it", "RFC 8224 4", everywhere},
    HeaderRule{Header::identity,            all(pass),     none,         Shape::none, "unchanged and with its Date, where the caller is shown and From, To and fingerprints leave as they were signed; otherwise both go", "RFC 8224 4, 6.2", everywhere},
    HeaderRule{Header::history_info,        by(drop, own, own, drop), none, Shape::none, "who was called before, inside the trust domain; anonymous beyond it", "RFC 7044 10"},
    HeaderRule{Header::geolocation,         by(drop, drop, drop, rebuild), none, Shape::none, "where the caller is, in an emergency call only; parts of the body under names of ours", "RFC 6442 4.1; RFC 6881"},
    HeaderRule{Header::geolocation_routing, by(drop, drop, drop, own),  none, Shape::none, "always yes: nothing but the emergency call needs it", "RFC 6442 4.2"},
    HeaderRule{Header::call_protection,     by(own, drop, drop, drop),  by(own, drop, drop, drop), Shape::none, "that and where a call leaves end-to-end protection", "docs/interconnect.md"},
    HeaderRule{Header::service_route,       none,          all(own),     Shape::none, "REGISTER only", "RFC 3608"},
    HeaderRule{Header::flow_timer,          none,          all(own),     Shape::none, "REGISTER only", "RFC 5626 6"},
    HeaderRule{Header::feature_caps,        none,          all(own),     Shape::none, "REGISTER only: how phones can be woken", "RFC 8599 5.4"},
    HeaderRule{Header::mime_version,        all(own),      all(own),     Shape::none, "1.0, with multipart", "RFC 3261 20.24"},
    HeaderRule{Header::content_disposition, all(pass),     all(pass),    Shape::disposition, "how to read the body: a known type, and that it is optional, unless that is what holds without", "RFC 3261 20.11", everywhere},
    HeaderRule{Header::content_id,          by(drop, drop, drop, own), none, Shape::none, "of a body that says where the caller is: Geolocation refers to it", "RFC 8262; RFC 6442 4.1"},
    HeaderRule{Header::content_type,        all(pass),     all(pass),    Shape::content_type, "admitted types only", "RFC 3261 20.15", everywhere},
    HeaderRule{Header::content_length,      all(own),      all(own),     Shape::none, "counted", "RFC 3261 20.14"},
};

constexpr std::array<std::string_view, 9> option_tags_in_order{
    "100rel", "from-change", "join", "norefersub", "outbound", "replaces", "tdialog", "timer", "trickle-ice"};
constexpr std::array<std::string_view, 13> media_types_in_order{
    "application/dtmf", "application/dtmf-relay", "application/im-iscomposing+xml", "application/media_control+xml",
    "application/pkcs7-mime", "application/sdp", "application/trickle-ice-sdpfrag", "message/cpim", "message/sipfrag",
    "multipart/alternative", "multipart/mixed", "multipart/signed", "text/plain"};
constexpr std::array<std::string_view, 4> events_in_order{"infoDtmf", "refer", "reg", "trickle-ice"};
constexpr std::array<std::string_view, 11> methods_in_order{
    "INVITE", "ACK", "BYE", "CANCEL", "INFO", "MESSAGE", "NOTIFY", "OPTIONS", "PRACK", "REFER", "UPDATE"};
// clang-format on
constexpr CarriedWords option_tags{option_tags_in_order};
constexpr CarriedWords media_types{media_types_in_order};
constexpr CarriedWords events{events_in_order};
constexpr CarriedWords methods{methods_in_order};

static_assert(rules.size() <= 64, "a RowSet holds them all");

constexpr auto rows = [] {
    std::array<RowSet, static_cast<std::size_t>(Header::count_)> out{};
    for (std::size_t row = 0; row < rules.size(); ++row)
        out[static_cast<std::size_t>(rules[row].header)] = RowSet{1} << row;
    return out;
}();

/// By kind of message (response, request) and receiver.
constexpr auto leaving = [] {
    std::array<std::array<LeavingRows, 4>, 2> out{};
    for (std::size_t kind = 0; kind < out.size(); ++kind)
        for (std::size_t receiver = 0; receiver < 4; ++receiver)
            for (std::size_t row = 0; row < rules.size(); ++row) {
                const auto treatment = rules[row].treatment(kind == 1, static_cast<Receiver>(receiver));
                if (treatment == drop) continue;
                auto& to = out[kind][receiver];
                (treatment == pass ? to.passed : to.ours) |= RowSet{1} << row;
            }
    return out;
}();

} // namespace

bool Meaning::in(const Message& source) const
{
    if (source.is_request) return requests.has(source.method);
    if (classes.has(source.status) && answers.has(source.method)) return true;
    for (const auto status : statuses) {
        if (status == 0) break;
        if (status == source.status) return true;
    }
    return false;
}

std::span<const HeaderRule> header_rules() { return rules; }
RowSet row_of(Header header) noexcept { return rows[static_cast<std::size_t>(header)]; }
const LeavingRows& leaving_rows(bool is_request, Receiver receiver)
{
    return leaving[is_request ? 1 : 0][static_cast<std::size_t>(receiver)];
}
const CarriedWords& carried_option_tags() { return option_tags; }
const CarriedWords& carried_media_types() { return media_types; }
const CarriedWords& carried_events() { return events; }
const CarriedWords& carried_methods() { return methods; }

} // namespace sotto
