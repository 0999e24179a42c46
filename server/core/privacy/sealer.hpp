#pragma once
#include "core/types/ids.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// Which side of a dialog a value stands for (SEALING.md "Role and holder").
enum class Role : std::uint8_t { caller, callee };
constexpr Role other(Role role) { return role == Role::caller ? Role::callee : Role::caller; }

/// What a sealed value is; a token of one kind never opens as another. One length per kind.
enum class SealKind : std::uint8_t { call_id, tag, quote };

/// The key epoch in which a dialog began: all its tokens use it. One byte in front of each token.
struct Epoch {
    std::uint8_t number{0};
    auto operator<=>(const Epoch&) const = default;
};

/// What a target token leads to: a binding, or a handle for what is no binding of ours (SEALING.md "target").
struct Target {
    Epoch epoch;
    Role role{Role::caller}; ///< the side that the token stands for
    BindingId id;
    Salt salt;
};

/// What moves the numbers of one side of a dialog on their way to the other. No two of them tell of each other: a phone
/// that begins with 1 everywhere would be known by it.
struct DialogNumbers {
    std::uint32_t cseq_offset{0};        ///< added to its CSeq numbers; below 2^30
    std::uint32_t rseq_offset{0};        ///< moves the RSeq numbers of its responses around a circle of 2^31 - 1
    std::uint64_t sdp_session{1};        ///< the o= session id of its descriptions; positive, below 2^62
    std::uint32_t sdp_version_offset{0}; ///< added to the o= version; below 2^30
};

struct Opened {
    Epoch epoch;
    Salt salt;
    std::string value;
};

/// Seals and opens the identifiers of dialogs (SEALING.md). Pure in (epoch key, arguments); one object per worker.
/// A token for another kind, role or holder, a changed bit or a destroyed epoch: nothing, never an error that tells
/// why.
class Sealer {
public:
    static constexpr std::size_t target_length = 36; ///< characters of a target token
    static constexpr std::size_t longest_call_id = 96;
    static constexpr std::size_t longest_tag = 48;

    virtual ~Sealer() = default;

    [[nodiscard]] virtual Epoch current_epoch() const = 0;
    /// False once the epoch's key is destroyed.
    [[nodiscard]] virtual bool alive(Epoch epoch) const = 0;
    virtual Salt fresh_salt() = 0;

    /// The token that `holder` is given for the side `target.role`.
    virtual std::string seal_target(const Target& target, Holder holder) = 0;
    /// Tries both roles.
    virtual std::optional<Target> open_target(std::string_view token, Holder holder) = 0;

    /// Deterministic: the same arguments give the same token. `value` longer than the kind's limit: nothing.
    virtual std::optional<std::string> seal(SealKind kind, Epoch epoch, Role role, Holder holder, Salt salt,
                                            std::string_view value) = 0;
    virtual std::optional<Opened> open(SealKind kind, std::string_view token, Role role, Holder holder) = 0;

    /// Of one side of a dialog, the same each time.
    virtual DialogNumbers numbers(Epoch epoch, Salt salt, Role role) = 0;
    /// A keyed hash of a dialog, for the set of ended dialogs.
    virtual KeyedHash dialog_hash(Epoch epoch, Salt salt) = 0;
};

} // namespace sotto
