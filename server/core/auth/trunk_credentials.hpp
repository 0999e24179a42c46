#pragma once
#include "core/message/message.hpp"
#include "core/routing/route.hpp"
#include "core/types/cryptography.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::auth {

/// Our own credentials toward trunks that ask for Digest (RFC 3261 22.3, RFC 7616). A trunk's latest challenge is
/// remembered, so that further requests carry an answer at once. One object per worker; at most one entry per route.
class TrunkCredentials {
public:
    /// Takes the challenge of a 401 or 407. False: none that can be answered, or the answer to this very nonce was
    /// refused.
    bool challenged(const Route& route, const Message& response);

    struct Answer {
        Header header{Header::authorization};
        std::string value;
    };
    /// Nothing while the trunk has not asked, or when the route has no credentials.
    std::optional<Answer> answer(const Route& route, Method method, std::string_view uri, Cryptography& cryptography);

private:
    struct Challenge {
        bool proxy{false};
        bool sha256{false};
        bool named{false}; ///< the challenge names its algorithm
        bool qop{false};
        std::string realm, nonce, opaque;
        std::uint32_t count{0}; ///< answers given for this nonce
    };
    static std::optional<Challenge> read(const Message& response);

    std::map<std::string, Challenge, std::less<>> challenges_; ///< by route
};

} // namespace sotto::auth
