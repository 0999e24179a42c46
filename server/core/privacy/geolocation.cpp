#include "core/privacy/geolocation.hpp"

#include "core/types/uri.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {

constexpr std::string_view into_the_body = "cid:";

/// References are for whoever is to come and help (RFC 6881 9.2), and nobody else gets any of it.
bool is_fetched_safely(std::string_view uri)
{
    constexpr std::array<std::string_view, 3> schemes{"https:", "sips:", "pres:"};
    constexpr std::size_t longest = 512;
    const auto scheme = uri.substr(0, uri.find(':') + 1);
    return uri.size() <= longest && std::ranges::any_of(schemes, [&](auto one) { return iequals(one, scheme); }) &&
           std::ranges::all_of(uri, [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '<'; });
}

/// What the receiver is told in place of one reference; empty: nothing.
std::string translated(std::string_view uri, std::span<const std::string> ids)
{
    if (!iequals(uri.substr(0, into_the_body.size()), into_the_body))
        return is_fetched_safely(uri) ? std::string{uri} : std::string{};
    const auto id = unescape(uri.substr(into_the_body.size())); // RFC 2392 2: a Content-ID as a URI writes it
    const auto found = id ? std::ranges::find(ids, "<" + *id + ">") : ids.end();
    if (found == ids.end()) return {};
    const auto own = location_id(static_cast<std::size_t>(found - ids.begin()));
    return std::string{into_the_body}.append(own, 1, own.size() - 2);
}

} // namespace

std::string location_id(std::size_t index) { return "<" + std::to_string(index + 1) + "@location.invalid>"; }

std::string geolocation(const Message& source, std::span<const std::string> ids)
{
    std::string out;
    for (const auto& field : source.fields)
        if (field.name == Header::geolocation)
            for_each_element(field.value, [&](std::string_view one) {
                const auto close = one.find('>');
                if (!one.starts_with('<') || close == std::string_view::npos) return;
                const auto uri = translated(one.substr(1, close - 1), ids);
                if (!uri.empty()) ((out += out.empty() ? "<" : ", <") += uri) += '>';
            });
    return out;
}

} // namespace sotto
