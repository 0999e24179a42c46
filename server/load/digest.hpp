#pragma once
#include "load/text.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto::load {

/// One challenge of a 401 or 407 (RFC 3261 22, RFC 7616, RFC 8760).
struct Challenge {
    std::string realm;
    std::string nonce;
    std::string opaque;
    std::string algorithm; ///< as the server spelt it; empty: MD5
    bool sha256{false};
    bool qop_auth{false};
    bool proxy{false}; ///< from Proxy-Authenticate
    bool stale{false};
};

/// The first SHA-256 challenge of the answer, else the first MD5 one; nothing when there is none that this client can
/// answer.
std::optional<Challenge> choose_challenge(const Message& answer);

struct Credentials {
    std::string user;
    std::string password;
};

/// The whole header line with its line end: "Authorization: Digest ...\r\n" or "Proxy-Authorization: ...".
std::string authorization(const Challenge& challenge, const Credentials& credentials, std::string_view method,
                          std::string_view uri, std::uint32_t nonce_count, std::string_view cnonce);

} // namespace sotto::load
