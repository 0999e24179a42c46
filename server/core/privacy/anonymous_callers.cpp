#include "core/privacy/anonymous_callers.hpp"

#include <array>
#include <cstring>

namespace sotto {

KeyedHash pair_pseudonym(AccountId callee, AccountId caller, Cryptography& cryptography)
{
    std::array<char, 2 * sizeof(AccountId::value)> raw{};
    std::memcpy(raw.data(), &callee.value, sizeof callee.value);
    std::memcpy(raw.data() + sizeof callee.value, &caller.value, sizeof caller.value);
    return cryptography.keyed_hash(Cryptography::Use::pair, {raw.data(), raw.size()});
}

} // namespace sotto
