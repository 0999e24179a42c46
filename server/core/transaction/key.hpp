#pragma once
#include "core/message/message.hpp"
#include "core/types/cryptography.hpp"

#include <string>
#include <string_view>

namespace sotto::transaction {

// Which server transaction a request belongs to (RFC 3261 17.2.3), as a keyed hash. The flow is no part of it: a client
// whose connection broke repeats its request on a new one. Requests without the magic cookie (RFC 2543) are matched by
// Request-URI, tags, Call-ID, CSeq number and top Via. The request must have a Via.

/// For every method; an ACK to a non-2xx is given the key of its INVITE.
KeyedHash server_key(Cryptography& cryptography, const Message& request);

/// The To tag of an answer that is Sotto's own to that transaction: of one length and look with those that it seals for
/// a phone.
std::string own_tag(Cryptography& cryptography, const KeyedHash& key);
/// The same of a failure of which nothing is remembered, and whether it is that one: its ACK is told by it.
std::string forgotten_tag(Cryptography& cryptography, const KeyedHash& key);
bool is_forgotten_tag(std::string_view tag, Cryptography& cryptography, const KeyedHash& key);

/// The key of the INVITE that a CANCEL names (RFC 3261 9.2). The CANCEL itself has a transaction of its own.
KeyedHash cancelled_key(Cryptography& cryptography, const Message& cancel);

} // namespace sotto::transaction
