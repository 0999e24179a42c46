#pragma once
#include "core/settings.hpp"
#include "core/types/cryptography.hpp"
#include "core/types/ids.hpp"

#include <string>

namespace sotto {

/// A subscriber asks for credentials of the TURN servers (draft-uberti-behave-turn-rest 2.1), over HTTPS.
struct RelayRequest {
    std::string account;       ///< "user@domain", unescaped; it only chooses the challenge
    std::string method;        ///< of HTTP
    std::string target;        ///< as it stands in the request line: Digest covers it (RFC 7616 3.4.6)
    std::string authorization; ///< value of Authorization; empty: none
};

struct RelayReply {
    int status{404};       ///< 200; 401: prove who you are; 404: there are no relays; 503: too many wrong passwords
    std::string challenge; ///< of a 401: value of WWW-Authenticate
    std::string json;      ///< of a 200: username, password, ttl and uris (2.2)
    seconds delay{0};      ///< until it is to be given
};

/// Credentials that the TURN servers accept until `date` + lifetime, without having heard of the account: a user name
/// of the end of its time and a pseudonym, and an HMAC of both under the shared secret. The pseudonym is the same for a
/// day, so that quotas work, and cannot be told from anybody else's the day after. `date` is Unix time.
std::string relay_credentials(AccountId account, const RelayService& service, seconds date, Cryptography& cryptography);

} // namespace sotto
