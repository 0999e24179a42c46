#include "store/address.hpp"

#include "core/types/ascii.hpp"
#include "core/types/utf8.hpp"

#include <algorithm>

namespace sotto::store {

Outcome<Address> written_address(std::string_view text)
{
    constexpr std::size_t longest_user = 64;
    constexpr std::size_t longest_domain = 253; // RFC 1035 2.3.4, written
    for (const std::string_view scheme : {"sip:", "sips:"})
        if (text.size() > scheme.size() && iequals(text.substr(0, scheme.size()), scheme)) {
            text.remove_prefix(scheme.size());
            break;
        }
    const auto at = text.rfind('@');
    if (at == std::string_view::npos || at == 0 || at > longest_user) return Failure::bad_address;
    const auto user = text.substr(0, at);
    const auto allowed = [](char c) {
        return c > ' ' && c < '\x7F' && std::string_view{":@\"\\,;<>"}.find(c) == std::string_view::npos;
    };
    if (!std::ranges::all_of(user, allowed)) return Failure::bad_address;
    auto name = lower(text.substr(at + 1));
    if (name.empty() || name.size() > longest_domain) return Failure::bad_address;
    return Address{std::string{user}, std::move(name)};
}

Outcome<Address> parse_address(std::string_view text, const AccountPolicy& policy)
{
    auto address = written_address(text);
    if (!address) return address;
    const auto domain = policy.names.find((*address).domain);
    if (domain == policy.names.end()) return Failure::not_served;
    (*address).domain = domain->second;
    return address;
}

bool valid_password(std::string_view password)
{
    constexpr std::size_t longest = 256;
    return !password.empty() && password.size() <= longest && is_utf8(password) &&
           std::ranges::none_of(password, [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7F'; });
}

} // namespace sotto::store
