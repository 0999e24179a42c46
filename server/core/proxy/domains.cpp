#include "core/proxy/domains.hpp"

namespace sotto {
namespace {

std::string_view host_of(std::string_view host_port)
{
    if (host_port.starts_with('[')) return host_port.substr(0, host_port.find(']') + 1);
    return host_port.substr(0, host_port.find(':'));
}

} // namespace

const std::string* Domains::of(std::string_view host) const
{
    for (const auto& domain : settings_.domains) {
        if (iequals(domain.name, host)) return &domain.name;
        for (const auto& alias : domain.aliases)
            if (iequals(alias, host)) return &domain.name;
    }
    for (const auto& own : settings_.own_hosts)
        if (iequals(host_of(own), host)) return &settings_.domains.front().name;
    return nullptr;
}

std::string Domains::written_host(std::string_view domain, Transport transport) const
{
    const auto& [advertised, port] = transport == Transport::wss ? settings_.wss : settings_.tls;
    std::string host{advertised.empty() ? domain : advertised};
    if (port != (transport == Transport::wss ? 443 : 5061)) (host += ':') += std::to_string(port);
    return host;
}

std::string Domains::aor(const Uri& uri) const
{
    const auto* domain = of(uri);
    const auto user = domain != nullptr ? unescape(uri.user) : std::nullopt;
    return user && !user->empty() ? *user + "@" + *domain : std::string{};
}

} // namespace sotto
