#pragma once
#include <array>
#include <cstdint>
#include <string_view>

namespace sotto {

/// Header names that clients use and no rule of ours reads, for counting. The set is fixed: a name that a client
/// invents could say something about it, and is counted with all the others that are not here.
inline constexpr std::array<std::string_view, 46> unread_names{
    "Accept-Contact",
    "Accept-Resource-Priority",
    "Answer-Mode",
    "Call-Info",
    "Diversion",
    "Encryption",
    "Error-Info",
    "Geolocation-Error",
    "Identity-Info",
    "Organization",
    "P-Access-Network-Info",
    "P-Answer-State",
    "P-Asserted-Service",
    "P-Associated-URI",
    "P-Called-Party-ID",
    "P-Charging-Function-Addresses",
    "P-Charging-Vector",
    "P-Early-Media",
    "P-Media-Authorization",
    "P-Preferred-Service",
    "P-Profile-Key",
    "P-Served-User",
    "P-User-Database",
    "P-Visited-Network-ID",
    "Permission-Missing",
    "Priv-Answer-Mode",
    "Proxy-Authentication-Info",
    "Reject-Contact",
    "Reply-To",
    "Request-Disposition",
    "Resource-Priority",
    "Security-Client",
    "Security-Server",
    "Security-Verify",
    "Server",
    "Session-ID",
    "SIP-ETag",
    "SIP-If-Match",
    "Subject",
    "Suppress-If-Match",
    "Timestamp",
    "Trigger-Consent",
    "User-Agent",
    "User-to-User",
    "X-Forwarded-For",
    "X-Real-IP",
};

/// Where a name stands in the table, compared without case; also by its compact form (RFC 3261 7.3.3). The table's size
/// for any other name.
std::uint8_t unread_index(std::string_view name);

} // namespace sotto
