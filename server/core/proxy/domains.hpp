#pragma once
#include "core/settings.hpp"
#include "core/types/flow.hpp"
#include "core/types/uri.hpp"

#include <string>
#include <string_view>

namespace sotto {

/// Which hosts are ours (RFC 3261 16.4, 16.5): served names, their aliases, and every address that we listen on.
class Domains {
public:
    explicit Domains(const CoreSettings& settings) : settings_{settings} {}

    /// The served domain that `host` belongs to; null when it is not ours. A listen address belongs to the first
    /// domain.
    [[nodiscard]] const std::string* of(std::string_view host) const;
    /// The same for a SIP or SIPS URI; null for others.
    [[nodiscard]] const std::string* of(const Uri& uri) const { return uri.is_sip() ? of(uri.host) : nullptr; }
    [[nodiscard]] bool ours(const Uri& uri) const { return of(uri) != nullptr; }
    [[nodiscard]] const std::string& first() const { return settings_.domains.front().name; }
    /// Our name in URIs for subscribers of `domain`, with the port where it is not the default of the transport.
    [[nodiscard]] std::string written_host(std::string_view domain, Transport transport) const;
    /// "user@domain" with the served domain's own name; empty when the URI names nobody of ours.
    [[nodiscard]] std::string aor(const Uri& uri) const;

private:
    const CoreSettings& settings_;
};

} // namespace sotto
