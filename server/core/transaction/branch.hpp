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

/// What decides where a request goes, as a keyed hash: the same when a request comes back unchanged (RFC 5393 4.2). It
/// is hashed once more with the block of each branch, so that two branches show no common part to whoever compares
/// them.
using LoopPart = std::array<std::uint8_t, 8>;

/// The branch of our own Via: it leads a response back to its client transaction, and to the worker that owns it. One
/// enciphered block, so that it tells nothing outside and differs for every transaction of this process.
struct OwnBranch {
    std::uint16_t worker{0};
    SlotId transaction;
};

/// "z9hG4bK", 22 characters, ".", 11 characters: 41 in all, each of them a token character.
std::string make_branch(Cryptography& cryptography, const OwnBranch& branch, const LoopPart& loop);

/// Nothing for a branch that this process did not make; a guess passes with a probability of 2^-48.
std::optional<OwnBranch> read_branch(Cryptography& cryptography, std::string_view text);

/// Keyed hash of all that decides where a request goes: at least the Request-URI and the Route values (RFC 5393 4.2.1),
/// never the method: a CANCEL has the branch of its INVITE.
LoopPart loop_part(Cryptography& cryptography, std::span<const std::string_view> decided_by);

/// The same over the Request-URI and the Route values of a request, as received.
LoopPart loop_part(Cryptography& cryptography, const Message& request);

/// True when one of our own Vias in the request has its loop part: it was here before and nothing has changed.
bool looped(Cryptography& cryptography, const Message& request);

} // namespace sotto::transaction
