#pragma once
#include "load/loopback.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <sys/types.h>

namespace sotto::load {

enum class Profile : std::uint8_t { registration, call, message, handshake, idle, storm, mixed };

/// Bounds of what one run may be asked for.
inline constexpr std::size_t most_connections = 60'000;
inline constexpr double most_operations_per_second = 100'000;
inline constexpr std::chrono::hours longest_run{24};

/// One run, as the command line says it.
struct Options {
    Profile profile{Profile::registration};
    LoopbackEndpoint target;
    std::string ca_file;
    std::string server_name;                    ///< empty: the domain of the accounts
    std::string accounts{"user%d@example.org"}; ///< %d: number of the account
    std::string passwords{"secret%d"};
    std::size_t first_account{0};
    pid_t server{0}; ///< 0: its cost is not measured

    std::size_t concurrency{10}; ///< operations at a time: lines, pairs of lines, or connections
    std::size_t registered{0};   ///< lines registered before the run starts, if more than the operations need
    std::size_t lines_per_connection{1};
    std::size_t connections_per_source{16};
    double rate{0};       ///< operations per second; 0: closed loop, the next starts when one has ended
    double ramp_rate{0};  ///< connections per second while preparing; 0: no limit
    std::size_t count{0}; ///< operations; 0: as many as fit into the duration
    std::chrono::milliseconds duration{10'000};
    std::chrono::milliseconds warm_up{0};
    std::chrono::milliseconds timeout{10'000}; ///< of one answer
    std::chrono::milliseconds hold{0};         ///< between ACK and BYE
    std::chrono::milliseconds within{10'000};  ///< storm: all are to be back after this time
    std::chrono::milliseconds reconnect{0};    ///< a lost connection comes back after this time; 0: it is an error
    bool reconnects() const { return reconnect.count() > 0; }
    bool server_ends{false}; ///< storm: the connections are lost when the server ends, and all come back at once
    std::chrono::milliseconds settle{1'000}; ///< idle: before memory is read
    std::size_t idle_base{1'000};            ///< idle: connections at which the slope starts
    std::uint32_t expires{600};
    std::uint64_t seed{
        0}; ///< 0: another one every time, or a server would take the next run's requests for repeats of the last one's

    bool reuse_nonce{false}; ///< refresh with the last nonce, so that an operation is one exchange
    bool callee_hangs_up{false};
    bool expect_private{false};  ///< the callee must see none of the caller's own identifiers
    bool expect_overload{false}; ///< 503 with Retry-After is counted, not an error
    bool floor{false};           ///< the target is `echo-server`: exchange as many messages, look at none
    bool json{false};
};

} // namespace sotto::load
