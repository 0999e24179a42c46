#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <sys/socket.h>

namespace sotto::load {

/// A place on this machine: nothing outside 127.0.0.0/8 and ::1 can be made into one, so no load can leave the machine.
struct LoopbackEndpoint {
    sockaddr_storage address{};
    socklen_t size{0};
    std::string text; ///< "127.0.0.1:5061" or "[::1]:5061"
    bool ipv6{false};
};

/// Reads "address:port" (IPv6 in brackets). Names are not resolved. Throws std::invalid_argument, also for any other
/// address.
LoopbackEndpoint parse_loopback(std::string_view text);

/// The `index`-th source address: 127.1.0.1, 127.1.0.2 and so on, never within 127.0.0.0/16; repeats after some
/// millions.
std::string source_address(std::size_t index);

} // namespace sotto::load
