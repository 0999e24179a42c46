#pragma once
#include <cstdint>
#include <string_view>

namespace sotto::net {

/// Why there is no protected way to another domain. Names nobody.
enum class WayFailure : std::uint8_t {
    no_name,     ///< its name leads nowhere, or no name server answers
    no_tls,      ///< it says in the DNS that it is not reached over TLS (RFC 3263 4.1)
    unreachable, ///< nobody answers at its addresses
    handshake,   ///< it speaks no TLS that we accept
    certificate, ///< its certificate is not good, or proves another name (RFC 5922)
    full         ///< this server has no connection left
};

constexpr std::string_view text_of(WayFailure failure)
{
    switch (failure) {
    case WayFailure::no_name:
        return "its name leads nowhere";
    case WayFailure::no_tls:
        return "it is not reached over TLS, and nothing else is used";
    case WayFailure::unreachable:
        return "nobody answers at its addresses";
    case WayFailure::handshake:
        return "it speaks no acceptable TLS";
    case WayFailure::certificate:
        return "its certificate does not prove its name";
    case WayFailure::full:
        return "no connection is left";
    }
    return {};
}

} // namespace sotto::net
