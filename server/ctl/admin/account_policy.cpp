#include "ctl/admin/account_policy.hpp"

#include "core/types/ascii.hpp"
#include "store/address.hpp"
#include "store/wait_for.hpp"

#include <algorithm>
#include <unordered_set>

namespace sotto::ctl {

store::AccountPolicy account_policy(const config::Settings& settings)
{
    store::AccountPolicy policy;
    for (const auto& domain : settings.domains) {
        policy.names.emplace(domain.name, domain.name);
        for (const auto& alias : domain.aliases) policy.names.emplace(alias, domain.name);
    }
    std::unordered_set<std::string> md5;
    for (const auto& address : settings.weaken.digest_md5) {
        const auto at = address.rfind('@');
        md5.insert(at == std::string::npos ? address
                                           : address.substr(0, at) + lower(std::string_view{address}.substr(at)));
    }
    const bool all = md5.contains("*");
    policy.algorithm_of = [md5 = std::move(md5), all](std::string_view user, std::string_view domain) {
        const bool named = all || (!md5.empty() && md5.contains(std::string{user}.append("@").append(domain)));
        return named ? DigestAlgorithm::md5 : DigestAlgorithm::sha256;
    };
    return policy;
}

std::string canonical(const std::string& typed, const store::AccountPolicy& policy, store::AccountStore& accounts)
{
    const auto written = store::written_address(typed);
    if (!written) return typed;
    const auto meant = store::parse_address(typed, policy);
    if (!meant || *meant == *written) return written->text(); // its domain may have been served
    const auto shown = store::wait_for<store::AccountRecord>([&](auto done) { accounts.show(typed, std::move(done)); });
    const bool stored = shown && std::ranges::count(shown->addresses, *written) > 0;
    return stored ? written->text() : meant->text();
}

} // namespace sotto::ctl
