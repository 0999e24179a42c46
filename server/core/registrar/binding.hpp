#pragma once
#include "core/registrar/gruu.hpp"
#include "core/types/flow.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace sotto {

/// Text that only this process can read again: sealed under a process key while it waits in memory (DESIGN.md P9).
struct SealedText {
    std::string bytes;
};

/// One device's way in (RFC 3261 10, RFC 5626). Knows account and device only by keyed hashes.
struct Binding {
    BindingId id;
    AccountId account;
    FlowId flow;
    Transport transport{Transport::tls};
    std::uint32_t reg_id{0}; ///< 0: no outbound (RFC 5626)
    std::uint16_t q{1000};   ///< thousandths; RFC 3261 20.10
    std::uint32_t cseq{0};
    KeyedHash call_id;        ///< of the REGISTER; rotating
    bool has_instance{false}; ///< known by its +sip.instance, else as device.hpp says
    bool sips{false};         ///< Contact scheme
    GruuSeries gruu_series;   ///< which temporary GRUUs lead here; the same for all flows of the device
    TimePoint expires{};
    TimePoint refreshed{};
    SealedText contact; ///< the Contact URI as the device wrote it
    SealedText path;    ///< Path values, in order; empty: directly connected
};

/// An account's key of now, and the one of before that its bindings may still be kept under: the hash key rotates
/// (docs/adr/0025).
struct AorKeys {
    AorKey now;
    AorKey before;
    AorKeys(AorKey only)
        : now{only}, before{only} {} // NOLINT(google-explicit-constructor): most of the day there is one
    AorKeys(AorKey key, AorKey earlier) : now{key}, before{earlier} {}
    [[nodiscard]] bool rotating() const { return now != before; }
};

/// All bindings of one account, with the versions they were read at.
struct Located {
    std::uint64_t version{0};
    std::uint64_t version_before{0}; ///< under the key of before
    std::vector<Binding> bindings;
};

} // namespace sotto
