#include "core/privacy/anonymous_callers.hpp"

#include <array>
#include <cstring>
#include <string>

namespace sotto {

KeyedHash pair_pseudonym(AccountId callee, AccountId caller, Cryptography& cryptography)
{
    std::array<char, 2 * sizeof(AccountId::value)> raw{};
    std::memcpy(raw.data(), &callee.value, sizeof callee.value);
    std::memcpy(raw.data() + sizeof callee.value, &caller.value, sizeof caller.value);
    return cryptography.keyed_hash(Cryptography::Use::pair, {raw.data(), raw.size()});
}

KeyedHash pair_pseudonym(AccountId callee, std::string_view caller, Cryptography& cryptography)
{
    std::string text(sizeof callee.value, '\0');
    std::memcpy(text.data(), &callee.value, sizeof callee.value);
    return cryptography.keyed_hash(Cryptography::Use::pair, text.append(caller));
}

} // namespace sotto
