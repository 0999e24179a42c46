#pragma once
#include "core/routing/route.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sotto {

/// One served domain: its name, and further names that mean the same (all in lower case).
struct ServedDomain {
    std::string name;
    std::vector<std::string> aliases;
    NumberPlan numbers{};
};

/// The TURN servers beside Sotto (RFC 8656), and the secret that they share with it.
struct RelayService {
    std::vector<std::string> uris; ///< RFC 7065: "turn:turn.example.org:3478?transport=udp"; none: there are none
    std::string secret;
    seconds lifetime{3600}; ///< of the credentials that a subscriber gets
};

/// What the core reads of the configuration: an immutable snapshot, shared by all workers.
struct CoreSettings {
    std::vector<ServedDomain> domains;  ///< at least one
    std::vector<std::string> own_hosts; ///< listen and advertised addresses as "host:port", IPv6 in brackets
    /// Where subscribers reach us over one transport, as our URIs say it.
    struct Place {
        std::string host;      ///< instead of the receiver's domain; may be empty
        std::uint16_t port{0}; ///< written when it is not the transport's own; 0: not served
    };
    Place tls{.host = {}, .port = 5061};
    Place wss{};
    seconds binding_lifetime{600}; ///< longest granted; 60 s to 3600 s
    seconds shortest_binding{60};  ///< below: 423
    seconds flow_timer{120};       ///< a phone with several flows gives a sign of life this often (RFC 5626 4.4)
    bool public_gruus{false};      ///< RFC 5627: also those that show the address (weakening)
    std::vector<std::string> push_providers; ///< whose phones can be woken (RFC 8599 `pn-provider`); none: no push
    seconds push_wait{20};                   ///< for a phone that was woken to come back
    seconds ring_timeout{60};                ///< from the first 18x, then CANCEL
    std::uint32_t bindings_per_account{16};
    std::uint32_t transactions_per_flow{1000};  ///< open server transactions; beyond: 503
    std::uint32_t auth_failures_per_minute{10}; ///< per account and source; 0: no limit
    bool relay_only{false};
    std::string withhold_prefix{"#31#"}; ///< dialled before an address: withhold the caller for this call
    std::string show_prefix{"*31#"};     ///< and: show the caller in spite of the account's default
    std::string block_code{"*60#"};      ///< dialled, it blocks the last withheld caller; empty: none
    std::vector<std::string> keying{"dtls-srtp", "zrtp"};
    std::vector<std::string> codecs; ///< permitted encoding names; empty: all that Sotto knows
    seconds longest_dialog{12 * 3600};
    RelayService relay;
    std::vector<Route> routes{};                      ///< in order: the first that matches counts
    std::vector<billing::InsideTariff> billed_inside; ///< none: no call between own subscribers is billed
    Place outside{.host = {}, .port = 5061};          ///< where other domains reach us
    std::uint32_t peer_calls_per_minute{600};         ///< new requests of one foreign domain; beyond: 503; 0: no limit
};

} // namespace sotto
