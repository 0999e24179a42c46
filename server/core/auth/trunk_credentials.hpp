#pragma once
#include "core/message/message.hpp"
#include "core/routing/route.hpp"
#include "core/types/cryptography.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace sotto::auth {

/// Our own credentials toward trunks that ask for Digest (RFC 3261 22.3, RFC 7616). A trunk's latest challenge is
/// remembered, so that further requests carry an answer at once. Each target of a route is a trunk of its own. One
/// object per worker; at most one entry per target.
class TrunkCredentials {
public:
    /// Takes the challenge of a 401 or 407, also one that other requests have answered already (RFC 7616 3.3). False:
    /// none that can be answered.
    bool challenged(const Route& route, const Destination& target, const Message& response);

    struct Answer {
        Header header{Header::authorization};
        std::string value;
    };
    /// Nothing while the trunk has not asked, or when the route has no credentials.
    std::optional<Answer> answer(const Route& route, const Destination& target, Method method, std::string_view uri,
                                 Cryptography& cryptography);

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

    std::map<std::pair<std::string, std::string>, Challenge> challenges_; ///< by route and host
};

} // namespace sotto::auth
