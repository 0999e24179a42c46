#pragma once
#include "core/types/cryptography.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <optional>
#include <string_view>

namespace sotto {

/// A withheld caller as its callee may refuse it without learning who it is: the same for the same two accounts,
/// unrelated to every other pair's. The key outlives the process, as blocked callers do.
KeyedHash pair_pseudonym(AccountId callee, AccountId caller, Cryptography& cryptography);
/// The same of a caller from elsewhere: the address or number that its domain or gateway answers for.
KeyedHash pair_pseudonym(AccountId callee, std::string_view caller, Cryptography& cryptography);

/// Who the last withheld caller of each account was, in memory and for half an hour. Shared by all workers; safe from
/// every thread.
class AnonymousCallers {
public:
    static constexpr seconds remembered{30 * 60};

    virtual ~AnonymousCallers() = default;
    /// No pseudonym: nobody can tell who it was, and the one before was not the last.
    virtual void called(AccountId callee, std::optional<KeyedHash> pseudonym, TimePoint now) = 0;
    [[nodiscard]] virtual std::optional<KeyedHash> last(AccountId callee, TimePoint now) const = 0;
};

} // namespace sotto
