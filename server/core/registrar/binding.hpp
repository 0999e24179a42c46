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

/// One device's way in (RFC 3261 10, RFC 5626). Knows addresses and devices only by keyed hashes.
struct Binding {
    BindingId id;
    AccountId account;
    FlowId flow;
    Transport transport{Transport::tls};
    std::uint32_t reg_id{0}; ///< 0: no outbound (RFC 5626)
    std::uint16_t q{1000};   ///< thousandths; RFC 3261 20.10
    std::uint32_t cseq{0};
    KeyedHash call_id;        ///< of the REGISTER
    KeyedHash device;         ///< of the instance id, or of the Contact's user part
    bool has_instance{false}; ///< device is a +sip.instance
    bool sips{false};         ///< Contact scheme
    GruuSeries gruu_series;   ///< which temporary GRUUs lead here; the same for all flows of the device
    TimePoint expires{};
    TimePoint refreshed{};
    SealedText contact; ///< the Contact URI as the device wrote it
    SealedText path;    ///< Path values, in order; empty: directly connected
};

/// All bindings of one account, with the version they were read at.
struct Located {
    std::uint64_t version{0};
    std::vector<Binding> bindings;
};

} // namespace sotto
