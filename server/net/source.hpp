#pragma once
#include "core/types/cryptography.hpp"
#include "net/asio.hpp"

namespace sotto::net {

/// What stands for whoever connects from `address`: an IPv4 address, also where a socket for both families shows it as
/// ::ffff:a.b.c.d (RFC 4291 2.5.5.2), or the /64 that an IPv6 host chooses its addresses from. The key of this hash
/// changes every day, and whoever comes then is somebody new; who is connected keeps the hash that he came under.
KeyedHash source_of(const asio::ip::address& address, Cryptography& cryptography);

} // namespace sotto::net
