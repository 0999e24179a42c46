#pragma once
#include "core/retention/policy.hpp"
#include "core/settings.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::config {

/// A served domain with the certificate that proves it. Names are in lower case; paths are absolute.
struct Domain {
    std::string name;
    std::vector<std::string> aliases;  ///< further names that are ours in Request-URI, Route and SNI
    std::filesystem::path certificate; ///< PEM, leaf first, then its chain
    std::filesystem::path private_key; ///< PEM
    NumberPlan numbers{};              ///< how its subscribers dial
    bool operator==(const Domain&) const = default;
};

/// An address with its port. `host` is an IPv4 or IPv6 literal without brackets when we listen on it, and may be a name
/// when it is advertised.
struct HostPort {
    std::string host;
    std::uint16_t port{0};
    bool operator==(const HostPort&) const = default;
};
/// "host:port", with brackets around an IPv6 address.
std::string to_string(const HostPort& address);

/// One listener for subscribers: SIP over TLS, or over secure WebSocket.
struct TlsListener {
    HostPort address;
    std::optional<HostPort> advertise; ///< what stands in our URIs instead of `address`
    bool operator==(const TlsListener&) const = default;
};

/// Cases of the retention matrix in which a record is kept at all; in the order of retention::Case.
enum class Charge : std::uint8_t { chargeable, allowance, incoming, itemised_flat };

/// One way to other domains, the telephone network or an emergency service, as the file has it.
struct RouteEntry {
    std::string name;
    std::uint32_t kind{0};           ///< index into route_kinds
    std::vector<std::string> match;  ///< domains, "*", "+49", "112", "urn:service:sos"
    std::vector<std::string> target; ///< "host" or "host:port"
    std::string username;
    std::filesystem::path password_file;
    std::string tariff;         ///< class, as the invoicing system knows it; empty: not billed
    std::uint32_t caller_id{0}; ///< index into caller_id_formats
    bool withheld_inside{false};
    bool trusted{false};
    std::uint32_t protection{1}; ///< index into protection_actions
    std::string announcement;
    bool operator==(const RouteEntry&) const = default;
};
inline constexpr std::array<std::string_view, 3> route_kinds{"peer", "gateway", "emergency"};
inline constexpr std::array<std::string_view, 2> caller_id_formats{"from", "asserted"};
inline constexpr std::array<std::string_view, 3> protection_actions{"refuse", "mark", "announce"};

enum class LogTarget : std::uint8_t { journal, stderr_ };
enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Everything that the configuration file can say, with the defaults of what it leaves out. Immutable once loaded; safe
/// to read from every thread. The table in keys.cpp declares each key; docs/configuration.md lists them.
struct Settings {
    struct Listen {
        std::vector<TlsListener> tls;
        std::vector<TlsListener> wss;   ///< browsers (RFC 7118)
        std::vector<TlsListener> peers; ///< other domains
        bool operator==(const Listen&) const = default;
    };
    struct Peers {
        std::filesystem::path authorities; ///< PEM; empty: those that the system trusts
        std::uint32_t calls_per_minute{600};
        bool operator==(const Peers&) const = default;
    };
    struct Admin {
        std::filesystem::path socket{"/run/sotto/admin.sock"};
        std::string operators{"sotto-operators"}; ///< names of system groups
        std::string billing{"sotto-billing"};
        std::string privacy_officers{"sotto-privacy"};
        bool operator==(const Admin&) const = default;
    };
    struct Metrics {
        std::optional<HostPort> listen; ///< of this machine; nothing: no page
        bool operator==(const Metrics&) const = default;
    };
    struct Registrar {
        seconds binding_lifetime{600};
        seconds shortest_binding{60};
        std::uint32_t bindings_per_account{16};
        seconds flow_timer{120};
        bool operator==(const Registrar&) const = default;
    };
    struct Push {
        std::optional<HostPort> gateway; ///< none: no phone can be woken
        std::filesystem::path authorities;
        std::vector<std::string> providers{"apns", "fcm", "webpush"};
        seconds wait{20};
        bool operator==(const Push&) const = default;
    };
    struct Proxy {
        seconds ring_timeout{60};
        seconds longest_dialog{12 * 3600};
        bool operator==(const Proxy&) const = default;
    };
    /// 0: no limit, where a limit may be 0.
    struct Limits {
        std::uint32_t connections{0};             ///< of the whole process
        std::uint32_t connections_per_source{64}; ///< a source is an IPv4 address or an IPv6 /64
        std::uint32_t handshakes_per_second{500}; ///< of the whole process
        std::uint32_t open_handshakes{256};       ///< per worker
        seconds handshake_timeout{10};
        seconds idle_timeout{900}; ///< without a byte from the client
        std::uint32_t auth_failures_per_minute{10};
        std::size_t message_bytes{65536};     ///< header and body
        std::uint32_t headers{128};           ///< header lines in a message
        std::size_t send_queue_bytes{262144}; ///< per connection; a slower reader is cut off
        std::uint32_t transactions_per_connection{1000};
        bool operator==(const Limits&) const = default;
    };
    struct Privacy {
        bool relay_only{false};
        std::uint32_t padding{4096};         ///< bytes of a cell on the wire; see Settings::cell_bytes()
        std::string withhold_prefix{"#31#"}; ///< dialled before an address; empty: none
        std::string show_prefix{"*31#"};
        std::string block_code{"*60#"}; ///< dialled alone: blocks the last withheld caller; empty: none
        bool operator==(const Privacy&) const = default;
    };
    struct Web {
        std::vector<std::string> origins; ///< "https://phone.example.org"; none: see Settings::origins()
        bool operator==(const Web&) const = default;
    };
    /// TURN servers beside Sotto; without `uris` there are none.
    struct Turn {
        std::vector<std::string> uris; ///< RFC 7065
        std::filesystem::path secret;  ///< file with the secret that the servers share with Sotto
        seconds lifetime{3600};        ///< of the credentials that a subscriber gets
        bool operator==(const Turn&) const = default;
    };
    struct Media {
        std::vector<std::string> keying{"dtls-srtp", "zrtp"};
        std::vector<std::string> codecs; ///< permitted ones; empty: all that are known
        bool operator==(const Media&) const = default;
    };
    /// How the calls of a route are recorded, whose tariff class stands in the route; or, with a prefix and a tariff
    /// class, those between subscribers to addresses that begin so.
    struct BilledRoute {
        std::string name;
        std::string prefix;
        std::string tariff;
        Charge charge{Charge::chargeable};
        seconds start_rounding{1};
        std::uint32_t hidden_digits{0};
        bool operator==(const BilledRoute&) const = default;
    };
    struct Billing {
        std::vector<BilledRoute> routes;
        bool operator==(const Billing&) const = default;
    };
    struct Retention {
        std::uint32_t after_invoice_days{90};
        std::uint32_t without_invoice_days{180};
        bool operator==(const Retention&) const = default;
    };
    struct Log {
        LogTarget target{LogTarget::journal};
        LogLevel level{LogLevel::info};
        bool operator==(const Log&) const = default;
    };
    /// What makes the server less private than it can be. Nothing here by default.
    struct Weaken {
        std::vector<std::string> digest_md5;  ///< addresses ("alice@example.org"), or "*" for every account
        bool tls12{false};                    ///< TLS 1.2 with ECDHE and AEAD as well
        bool public_gruus{false};             ///< RFC 5627: GRUUs that show the address as well
        std::vector<std::string> sdes_routes; ///< names of gateway and emergency routes
        std::optional<std::uint32_t> padding; ///< smaller cells than privacy.padding allows; 0: none
        std::optional<std::filesystem::path> audit_key_file; ///< of the audit log, where systemd gives no credential
        std::filesystem::path master_key_file;               ///< instead of a credential of systemd
        std::optional<std::uint32_t> after_invoice_days;     ///< longer than retention.after_invoice_days may be
        bool operator==(const Weaken&) const = default;
    };

    std::filesystem::path file; ///< where this was loaded from
    std::vector<Domain> domains;
    Listen listen;
    std::uint32_t threads{0}; ///< 0: one per core
    std::filesystem::path state_directory{"/var/lib/sotto"};
    seconds drain_timeout{30}; ///< from SIGTERM to the end, at most
    std::vector<RouteEntry> routes;
    Peers peers;
    Admin admin;
    Metrics metrics;
    Registrar registrar;
    Push push;
    Proxy proxy;
    Limits limits;
    Privacy privacy;
    Web web;
    Turn turn;
    Media media;
    Billing billing;
    Retention retention;
    Log log;
    Weaken weaken;

    /// Cell size on the wire: weaken.padding when it is given, else privacy.padding. 0: no padding.
    [[nodiscard]] std::uint32_t cell_bytes() const { return weaken.padding.value_or(privacy.padding); }
    /// True when weaken.digest_md5 names that address (any case in the domain), or every account.
    [[nodiscard]] bool uses_md5(std::string_view address) const;
    /// Origins of the pages that may come in over listen.wss (RFC 6454): web.origins when it is given, else those of
    /// the served names.
    [[nodiscard]] std::vector<std::string> origins() const;
    /// How long billed calls are kept.
    [[nodiscard]] retention::Policy retention_policy() const;
    /// True when some route carries emergency calls.
    [[nodiscard]] bool carries_emergency_calls() const;
    /// What the protocol core needs of this. The passwords of routes are not read here.
    [[nodiscard]] CoreSettings core() const;
};

} // namespace sotto::config
