#pragma once
#include "core/auth/account.hpp"
#include "core/routing/choose.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto {

/// Who calls out, as far as the receiver may learn it.
struct Presenting {
    const Account* account{nullptr}; ///< of the caller
    std::string_view aor{};          ///< the own address that the caller uses, canonical
    std::string_view preferred{};    ///< the own address to be asserted (RFC 3325 9.2), canonical; empty: the same
    std::string_view display{};      ///< as the caller's From has it
    bool withheld{false};
    std::optional<std::string_view> called_by{}; ///< of a callee: its number that was dialled; empty: it was none
};

/// What the receiver of a call over a route is shown (docs/interconnect.md, "What each kind of receiver sees").
struct Presented {
    std::string request_uri;
    std::string from, to;              ///< name-addr, without tags
    std::vector<std::string> asserted; ///< P-Asserted-Identity (RFC 3325); none: the header is not sent
    std::string privacy;               ///< Privacy (RFC 3323); empty: not sent
};

/// `decision` leads outside; `target` is one of its route's. What was dialled as sips: is asked for as sips: (RFC 3261
/// 16.6). A gateway is shown a number or nobody, an emergency service always who calls, a peer the address, or nobody
/// when that is withheld.
Presented present(const Decision& decision, const Destination& target, Scheme scheme, const Presenting& caller);

/// The From of a caller or callee of ours toward that kind of receiver.
std::string presented_from(Receiver kind, const Presenting& caller, Scheme scheme);

/// "host" or "host:port".
std::string text_of(const Destination& destination);

} // namespace sotto
