#pragma once
#include "core/billing/tariff.hpp"
#include "core/types/party.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto {

/// Where a route leads: a domain to be located by DNS (RFC 3263), or a host with its port, which is not (4.2).
struct Destination {
    std::string host;      ///< a name in lower case, which the other end's certificate must prove; never an address
    std::uint16_t port{0}; ///< 0: none given
    bool operator==(const Destination&) const = default;
};

/// Where a gateway looks for the caller's number.
enum class CallerId : std::uint8_t {
    from,    ///< in From
    asserted ///< in P-Asserted-Identity (RFC 3325)
};

/// What becomes of a call that leaves end-to-end protection on this route.
enum class WhenWeaker : std::uint8_t {
    refuse,  ///< 403
    mark,    ///< carried; our own subscriber's phone is told (Call-Protection, Warning)
    announce ///< carried and marked, after a media server has told the caller
};

/// One way out and in again (docs/interconnect.md). A route matches by what was dialled; of several the first counts.
struct Route {
    std::string name;
    Receiver kind{Receiver::peer};       ///< never a subscriber
    std::vector<std::string> domains{};  ///< of peers, in lower case; "*": every domain
    std::vector<std::string> prefixes{}; ///< of E.164 numbers: "+49"; "+": every number
    std::vector<std::string> numbers{};  ///< as they are dialled: "112"
    std::vector<std::string> services{}; ///< "sos" for urn:service:sos and all below it (RFC 5031)
    std::vector<Destination> targets{};  ///< tried in this order; none: the dialled domain itself
    std::string username{};              ///< for a trunk that asks for Digest credentials; empty: none
    std::string password{};
    std::optional<billing::Tariff> tariff{}; ///< of its calls; none: they are not billed, and leave no record
    CallerId caller_id{CallerId::from};
    bool withheld_inside{false}; ///< a gateway or trusted peer is told a withheld caller as well, with `Privacy: id`
    bool trusted{false};         ///< a peer inside our trust domain (RFC 3325 2.1)
    WhenWeaker when_weaker{WhenWeaker::mark};
    std::string announcement{}; ///< "user@domain" of the media server, one of our own subscribers
    bool sdes{false};           ///< keys that servers can read may protect the media (RFC 4568)
    bool operator==(const Route&) const = default;
};

/// The served domain's own way of dialling (ITU-T E.164, RFC 3966 5.1.5).
struct NumberPlan {
    std::string country{};             ///< digits; empty: only numbers with "+" are understood
    std::string area{};                ///< for numbers dialled without any prefix; empty: there are none
    std::string international{"00"};   ///< dialled before a country code
    std::string national{"0"};         ///< dialled before an area code
    std::string extension_base{};      ///< "+4930123": what short numbers stand behind; empty: there are none
    std::uint32_t extension_digits{0}; ///< how many digits a short number has
    bool operator==(const NumberPlan&) const = default;
};

} // namespace sotto
