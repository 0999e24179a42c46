#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace sotto::test {

/// A record of TLS 1.3 with TLS_AES_256_GCM_SHA384, as no library sends it (RFC 8446 5.2): `type` and `content` are
/// what it protects, `number` which record of its direction it is.
std::string record(std::span<const std::uint8_t> traffic_secret, std::uint64_t number, std::uint8_t type,
                   std::string_view content);

} // namespace sotto::test
