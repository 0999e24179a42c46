#pragma once
#include "core/types/cryptography.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sotto::auth {

/// The nonces that one flow was given, with the last nc seen for each (RFC 7616 3.3, 3.4). A few at a time, and more
/// where so many are waited for at once: a phone asks for all its accounts in one go. An old one falls out and is then
/// stale. A connection over which requests come through an edge, which many subscribers share, has as many as there are
/// serials.
class FlowNonces {
public:
    struct Slot {
        std::uint32_t issued{0}; ///< in the flow's own seconds; part of the nonce
        std::uint32_t last_nc{0};
        std::uint8_t serial{0}; ///< part of the nonce: two may be issued within a second
        bool used{false};
    };
    /// The flow's own seconds begin anywhere: a nonce tells nobody for how long the machine has been running, and of
    /// two connections not that they are one machine's.
    std::uint32_t second(TimePoint now, Cryptography& crypto);
    Slot& slot(std::uint8_t serial) { return many_ ? many_[serial % count_] : few_[serial % few]; }
    /// For the next one, in `second`. None falls out that may still be answered, as long as there are serials.
    Slot& next_slot(std::uint32_t second);
    /// For an edge; what was issued before stays.
    void widen() { grow(serials); }

private:
    void grow(std::uint16_t count);

    static constexpr std::uint16_t few = 4, serials = 256;
    std::array<Slot, few> few_{};
    std::uint8_t next_{0}; ///< serial of the next one
    std::uint16_t count_{few};
    std::uint32_t began_{0};       ///< what the monotonic clock's seconds are ahead of; 0: not drawn yet
    std::unique_ptr<Slot[]> many_; ///< most connections need none
};

enum class NonceState : std::uint8_t {
    good,   ///< issued on this flow, fresh, nc rising: recorded
    stale,  ///< issued on this flow, but too old, or an nc seen before
    foreign ///< of another flow or another process, or made up
};

/// A fresh nonce bound to `flow`, remembered in `nonces`.
std::string issue_nonce(FlowNonces& nonces, FlowId flow, TimePoint now, Cryptography& crypto);
/// Checks a nonce with its nc and, only when `commit` is set, records the nc as seen.
NonceState check_nonce(FlowNonces& nonces, FlowId flow, std::string_view nonce, std::uint32_t nc, TimePoint now,
                       Cryptography& crypto, bool commit);

inline constexpr seconds nonce_lifetime{300};

} // namespace sotto::auth
