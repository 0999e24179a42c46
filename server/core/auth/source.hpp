#pragma once
#include "core/types/cryptography.hpp"
#include "core/types/flow.hpp"

#include <string_view>

namespace sotto {

struct Message;

namespace auth {

/// What stands for whoever sends from `address`, as text: an IPv4 address, or the /64 that an IPv6 host chooses its
/// addresses from. The key of this hash changes every day, and whoever comes then is somebody new; who is connected
/// keeps the hash that he came under.
KeyedHash source_of(std::string_view address, Cryptography& cryptography);

/// Who sent that request over the flow. Behind an edge it is whom the edge has heard, as its own Via says
/// (RFC 3261 18.2.1): one of many must not be taken for another.
KeyedHash source_of(const Message& request, const Flow& flow, Cryptography& cryptography);

} // namespace auth
} // namespace sotto
