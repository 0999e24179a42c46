#pragma once
#include <string_view>

namespace sotto {

/// Whether the host of a URI is an address (RFC 3261 25.1 "IPv4address", "IPv6reference") and no name.
constexpr bool is_address(std::string_view host)
{
    return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// A whole name may end in a dot (RFC 3261 25.1 "hostname", RFC 3966 3 "domainname") and is the same name without it.
/// Two dots are no name, and stay.
constexpr std::string_view without_final_dot(std::string_view host)
{
    return host.size() > 1 && host.ends_with('.') && !host.ends_with("..") ? host.substr(0, host.size() - 1) : host;
}

} // namespace sotto
