#pragma once
#include "core/message/header.hpp"
#include "core/message/message.hpp"
#include "core/types/party.hpp"
#include "core/types/vocabulary.hpp"

#include <array>
#include <cstdint>
#include <initializer_list>
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
    event,              ///< package that Sotto knows (RFC 6665)
    events,             ///< packages that Sotto knows, in canonical order
    subscription_state, ///< state, and of reason, expires and retry-after what that state has
    cause,              ///< protocol and cause, one of each, no text (RFC 3326)
    warning,            ///< code, with Sotto's own agent and text
    boolean,            ///< true or false
    disposition,        ///< type and handling (RFC 3261 20.11)
    content_type,       ///< admitted media type and its charset
    coding              ///< identity only
};

/// A set of methods.
class Methods {
public:
    constexpr Methods() = default;
    constexpr Methods(std::initializer_list<Method> methods)
    {
        for (const auto method : methods) bits_ |= bit(method);
    }
    static constexpr Methods all()
    {
        Methods every;
        every.bits_ = UINT16_MAX;
        return every;
    }

    [[nodiscard]] constexpr bool has(Method method) const { return (bits_ & bit(method)) != 0; }
    constexpr bool operator==(const Methods&) const = default;

private:
    static constexpr std::uint16_t bit(Method method)
    {
        return static_cast<std::uint16_t>(1U << static_cast<unsigned>(method));
    }
    std::uint16_t bits_{0};
};

/// A set of classes of status codes: 1 for 1xx.
class Classes {
public:
    constexpr Classes() = default;
    constexpr Classes(std::initializer_list<unsigned> classes)
    {
        for (const auto one : classes) bits_ = static_cast<std::uint8_t>(bits_ | (1U << one));
    }

    [[nodiscard]] constexpr bool has(unsigned status) const { return (bits_ >> (status / 100U) & 1U) != 0; }

private:
    std::uint8_t bits_{0};
};

/// The messages in which a header has a meaning (RFC 3261 20, tables 2 and 3, and what extends them). In any other one
/// it would tell whatever its sender likes, and does not pass.
struct Meaning {
    Methods requests{};
    Methods answers{}; ///< responses to these, if they are of one of the classes
    Classes classes{};
    std::array<std::uint16_t, 8> statuses{}; ///< whatever they answer; the first 0 ends the list

    [[nodiscard]] bool in(const Message& source) const;
};

/// One row of the policy. Requests and responses have one treatment for each receiver.
struct HeaderRule {
    Header header;
    std::array<Treatment, 4> request;
    std::array<Treatment, 4> response;
    Shape shape;
    std::string_view reason;
    std::string_view source;
    Meaning meaning{}; ///< of a header that passes

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
