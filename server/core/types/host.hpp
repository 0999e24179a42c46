#pragma once
#include <string_view>

namespace sotto {

/// Whether the host of a URI is an address (RFC 3261 25.1 "IPv4address", "IPv6reference") and no name.
constexpr bool is_address(std::string_view host)
{
    return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

} // namespace sotto
