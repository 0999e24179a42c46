#pragma once
#include "core/auth/account.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace sotto::auth {

/// What a client wrote into Authorization or Proxy-Authorization (RFC 7616 3.4). Views into the header's value; quoted
/// strings without their quotes, escapes left as they are (that is how they were hashed). Empty: absent.
struct Credentials {
    std::string_view username;
    std::string_view realm;
    std::string_view nonce;
    std::string_view uri;
    std::string_view response;
    std::string_view cnonce;
    std::string_view nc;
    std::string_view qop;
    std::string_view algorithm;
};

/// Nothing for another scheme than Digest, and for a parameter that stands twice.
std::optional<Credentials> parse_credentials(std::string_view value);

/// Eight hexadecimal digits, not zero.
std::optional<std::uint32_t> parse_nonce_count(std::string_view text);

/// MD5 where none is named (RFC 7616 3.4). Nothing for what Sotto does not offer.
std::optional<DigestAlgorithm> parse_algorithm(std::string_view text);

} // namespace sotto::auth
