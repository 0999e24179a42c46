#include "core/dialog/remote_target.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace sotto {
namespace {

constexpr char separator = '\n'; // no header value holds one

/// Where the host begins: a user part may hold ';' and '?' itself.
std::size_t start_of_host(const Uri& uri) { return static_cast<std::size_t>(uri.host.data() - uri.text.data()); }

bool names_method(std::string_view parameter)
{
    const auto name = parameter.substr(0, parameter.find('='));
    if (name.find('%') == name.npos) return iequals(name, "method");
    const auto plain = unescape(name);
    return plain && iequals(*plain, "method");
}

} // namespace

std::string request_uri_of(const Uri& contact, bool (*unwanted)(std::string_view parameter))
{
    if (!contact.is_sip()) return {};
    std::string out;
    out.reserve(contact.text.size());
    out += contact.text.substr(0, find_either(contact.text, ';', '?', start_of_host(contact)));
    for (auto rest = contact.params; !rest.empty();) {
        const auto one = rest.substr(0, rest.find(';'));
        if (!names_method(one) && (unwanted == nullptr || !unwanted(one))) (out += ';') += one;
        rest.remove_prefix(std::min(rest.size(), one.size() + 1));
    }
    return out;
}

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
