#include "net/source.hpp"

namespace sotto::net {

KeyedHash source_of(const asio::ip::address& address, Cryptography& cryptography)
{
    const auto hash = [&](const auto& bytes, std::size_t size) {
        return cryptography
            .rotating_hash(Cryptography::Use::source, {reinterpret_cast<const char*>(bytes.data()), size})
            .now;
    };
    if (address.is_v4()) return hash(address.to_v4().to_bytes(), 4);
    const auto v6 = address.to_v6();
    if (v6.is_v4_mapped()) return hash(asio::ip::make_address_v4(asio::ip::v4_mapped, v6).to_bytes(), 4);
    return hash(v6.to_bytes(), 8);
}

} // namespace sotto::net
