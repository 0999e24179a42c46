#pragma once
#include "core/auth/account.hpp"
#include "core/auth/credentials.hpp"
#include "core/auth/nonce.hpp"
#include "core/message/message.hpp"
#include "core/types/flow.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sotto::auth {

/// Where credentials stand: a registrar asks with 401, a proxy with 407 (RFC 3261 22).
enum class Asker : std::uint8_t { registrar, proxy };

enum class Outcome : std::uint8_t {
    authenticated,
    no_credentials, ///< none for this realm: challenge
    stale,          ///< the nonce is old, of another flow or used, and the password, right or wrong, tells nothing then
                    ///< (RFC 7616 3.3): challenge with stale=true
    wrong           ///< unknown user, wrong password, wrong algorithm, incomplete: challenge, counted as a failure
};

struct Checked {
    Outcome outcome{Outcome::no_credentials};
    const Account* account{nullptr}; ///< set when authenticated
    std::string_view claimed_user;   ///< of the credentials; for the limits; empty without credentials
    const Account* claimed{nullptr}; ///< the account whose digest user name that is, if any, whatever the outcome
};

/// Checks the Digest credentials for `realm` in a request (RFC 7616, RFC 8760): qop=auth with a rising nc only. The
/// work done does not depend on whether the user exists. A good nonce's nc is recorded in the flow. Whether an account
/// is suspended is for the caller to see. The `uri` parameter need not equal the Request-URI (RFC 7616 3.4.6).
Checked check(const Message& request, Asker asker, std::string_view realm, const AccountDirectory& accounts, Flow& flow,
              TimePoint now, Cryptography& crypto);
/// The same for credentials that were sent otherwise than in a SIP message. Whether they are for that realm and for
/// what was asked is for the caller to see.
Checked check(const Credentials& credentials, std::string_view method, std::string_view realm,
              const AccountDirectory& accounts, Flow& flow, TimePoint now, Cryptography& crypto);

/// The value of one WWW-/Proxy-Authenticate header. `user` (may be empty or unknown) chooses the algorithm: an
/// account's own, or for unknown ones a keyed choice in the same shares (DESIGN.md 8).
std::string challenge(std::string_view realm, std::string_view user, bool stale, const AccountDirectory& accounts,
                      Flow& flow, TimePoint now, Cryptography& crypto);

/// The `response` of RFC 7616 3.4.1 for qop=auth, in lower-case hexadecimal digits. `secret` is H(user:realm:password).
std::string digest_response(DigestAlgorithm algorithm, const std::array<std::uint8_t, 32>& secret,
                            std::string_view method, std::string_view uri, std::string_view nonce, std::string_view nc,
                            std::string_view cnonce, Cryptography& crypto);

} // namespace sotto::auth
