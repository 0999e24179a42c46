#include "core/auth/source.hpp"

#include "core/message/message.hpp"

#include <arpa/inet.h>

#include <array>
#include <string>

namespace sotto::auth {

KeyedHash source_of(std::string_view address, Cryptography& cryptography)
{
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    const std::string text{address};
    std::array<char, 16> bytes{};
    const auto hash = [&](std::string_view of) {
        return cryptography.rotating_hash(Cryptography::Use::source, of).now;
    };
    if (inet_pton(AF_INET, text.c_str(), bytes.data()) == 1) return hash({bytes.data(), 4});
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1) return hash({bytes.data(), 8});
    return hash(text);
}

KeyedHash source_of(const Message& request, const Flow& flow, Cryptography& cryptography)
{
    if (!flow.of_edge() || request.vias.size() < 2) return flow.source;
    const auto& before = request.vias[1];
    return source_of(find_param(before.params, "received").value_or(before.host), cryptography);
}

} // namespace sotto::auth
