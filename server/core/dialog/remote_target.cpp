#include "core/dialog/remote_target.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sotto {
namespace {

constexpr char separator = '\n'; // no header value holds one

} // namespace

std::string RemoteTarget::pack() const
{
    std::string text = uri;
    if (route.empty() && address.empty() && next_hop.host.empty()) return text;
    for (const auto& part : {route, address, next_hop.host, std::to_string(next_hop.port)}) (text += separator) += part;
    return text;
}

RemoteTarget RemoteTarget::unpack(std::string_view text)
{
    std::array<std::string_view, 5> parts;
    for (auto& part : parts) {
        part = text.substr(0, text.find(separator));
        text.remove_prefix(std::min(text.size(), part.size() + 1));
    }
    RemoteTarget target{.uri = std::string{parts[0]},
                        .route = std::string{parts[1]},
                        .address = std::string{parts[2]},
                        .next_hop = {.host = std::string{parts[3]}}};
    std::from_chars(parts[4].data(), parts[4].data() + parts[4].size(), target.next_hop.port);
    return target;
}

} // namespace sotto
