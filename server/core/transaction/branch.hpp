#pragma once
#include "core/message/message.hpp"
#include "core/transaction/slots.hpp"
#include "core/types/cryptography.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sotto::transaction {

inline constexpr std::string_view magic_cookie = "z9hG4bK"; ///< RFC 3261 8.1.1.7

constexpr bool has_magic_cookie(std::string_view branch)
{
    return iequals(branch.substr(0, magic_cookie.size()), magic_cookie);
}

/// The branch of our own Via: it leads a response back to its client transaction, and to the worker that owns it. One
/// enciphered block, so that it tells nothing outside and differs for every transaction of this process.
struct OwnBranch {
    std::uint16_t worker{0};
    SlotId transaction;
};

/// "z9hG4bK", 22 characters, ".", 11 characters: 41 in all, each of them a token character. The latter are a keyed hash
/// of the block and of all that decides where the request goes, as received: its Request-URI and Route values (RFC 5393
/// 4.2.1), never the method, since a CANCEL has the branch of its INVITE. So one that comes back unchanged is known
/// again, and two branches show no common part to whoever compares them.
std::string make_branch(Cryptography& cryptography, const OwnBranch& branch, const Message& request);
/// Of a request that we begin ourselves: it came from nowhere.
std::string make_branch(Cryptography& cryptography, const OwnBranch& branch);

/// Nothing for a branch that this process did not make; a guess passes with a probability of 2^-48.
std::optional<OwnBranch> read_branch(Cryptography& cryptography, std::string_view text);

/// True when one of our own Vias in the request was made for this very Request-URI and these Route values: it was here
/// before and nothing has changed.
bool looped(Cryptography& cryptography, const Message& request);

} // namespace sotto::transaction
