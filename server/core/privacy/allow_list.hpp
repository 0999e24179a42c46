#pragma once
#include "core/message/header.hpp"
#include "core/types/party.hpp"
#include "core/types/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sotto {

/// What happens to a header on its way to one receiver.
enum class Treatment : std::uint8_t {
    drop,    ///< does not leave
    pass,    ///< the sender's value, reduced to the row's shape
    rebuild, ///< written anew from what Sotto knows
    seal,    ///< the sender's value under a per-dialog seal
    own      ///< Sotto's own value
};

/// What is left of a value that passes. Nothing passes as free text.
enum class Shape : std::uint8_t {
    none,               ///< never passed
    option_tags,        ///< tags that Sotto carries, in canonical order
    methods,            ///< methods that Sotto carries, in canonical order
    media_types,        ///< media types that Sotto admits, in canonical order, without parameters
    period,             ///< a time, at most a day
    session_interval,   ///< a time, and uac or uas (RFC 4028)
    event,              ///< package that Sotto knows, and id (RFC 6665)
    events,             ///< packages that Sotto knows, in canonical order
    subscription_state, ///< state, reason, expires, retry-after
    cause,              ///< protocol and cause, no text (RFC 3326)
    warning,            ///< code, with Sotto's own agent and text
    boolean,            ///< true or false
    disposition,        ///< type and handling (RFC 3261 20.11)
    content_type,       ///< admitted media type and its charset
    coding              ///< identity only
};

/// One row of the policy. Requests and responses have one treatment for each receiver.
struct HeaderRule {
    Header header;
    std::array<Treatment, 4> request;
    std::array<Treatment, 4> response;
    Shape shape;
    std::string_view reason;
    std::string_view source;

    [[nodiscard]] constexpr Treatment treatment(bool is_request, Receiver receiver) const
    {
        return (is_request ? request : response)[static_cast<std::size_t>(receiver)];
    }
};

/// All rows, in the one order in which headers are written. A header without a row does not leave.
std::span<const HeaderRule> header_rules();

/// Some of the rows, the first one the lowest bit.
using RowSet = std::uint64_t;

/// The header's row; empty when it has none.
RowSet row_of(Header header) noexcept;

/// The rows by which something may leave toward a receiver: values of the sender's, and values of ours.
struct LeavingRows {
    RowSet passed{0};
    RowSet ours{0};
};
const LeavingRows& leaving_rows(bool is_request, Receiver receiver);

/// What Sotto carries; each in canonical order.
using CarriedWords = Vocabulary<64>;
const CarriedWords& carried_option_tags();
const CarriedWords& carried_media_types();
const CarriedWords& carried_events();
const CarriedWords& carried_methods();

} // namespace sotto
