#pragma once
#include "core/types/time.hpp"
#include "net/web/rules.hpp"
#include "wire/framer.hpp"

#include <cstddef>
#include <cstdint>

namespace sotto::net {

/// How many connections may come in, over all workers. 0: no limit.
struct AdmissionLimits {
    std::uint32_t connections_per_source{64}; ///< IPv4 address or IPv6 /64
    std::uint32_t handshakes_per_second{500}; ///< a burst of one second's worth passes at once
    std::uint32_t handshakes_in_progress{1'000};
    std::uint32_t connections{0};
};

/// What one connection may take of a worker's time and memory. Immutable; replaced by pointer at a reload.
struct ConnectionLimits {
    seconds handshake_timeout{10}; ///< from accept to the end of the TLS handshake
    seconds stranger_timeout{120}; ///< silence on a flow that never authenticated
    seconds idle_timeout{900};     ///< silence on an authenticated flow; longer than phones wait between refreshes
    seconds message_timeout{10};   ///< from the first byte of a message to its last
    seconds write_timeout{20};     ///< how long bytes may wait because the peer does not read
    seconds linger_timeout{2};     ///< how long a closed connection waits for the peer to take the last bytes
    /// Bytes that may be added, with one message more, to what a peer has been offered and not yet taken; beyond, it is
    /// cut off.
    std::size_t send_queue{262'144};
    wire::Limits message;
    seconds ping_interval{50}; ///< silence of a browser, before it is asked whether it is there; below that of proxies
    web::Rules web;            ///< which pages may come in
};

} // namespace sotto::net
