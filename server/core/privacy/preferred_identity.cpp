#include "core/privacy/preferred_identity.hpp"

namespace sotto {

std::string preferred_address(const Message& request, const Account& sender, const Domains& domains,
                              const AccountDirectory& accounts)
{
    const auto own = [&](const Uri& uri) {
        auto aor = domains.aor(uri);
        const auto at = aor.rfind('@');
        if (at == std::string::npos || !accounts.owns(sender.id, aor.substr(0, at), aor.substr(at + 1))) aor.clear();
        return aor;
    };
    for (const auto& preferred : request.preferred)
        if (auto aor = own(preferred.uri); !aor.empty()) return aor;
    auto aor = own(request.from.uri);
    return aor.empty() ? std::string{sender.user}.append("@").append(sender.domain) : aor;
}

} // namespace sotto
