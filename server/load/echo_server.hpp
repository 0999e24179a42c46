#pragma once
#include "load/loopback.hpp"

#include <cstddef>
#include <string>

namespace sotto::load {

struct EchoOptions {
    LoopbackEndpoint listen;
    std::string certificate; ///< PEM chain
    std::string private_key;
    std::size_t padding{0}; ///< bytes of a cell that records fill; 0: none
};

/// The floor: what epoll and OpenSSL alone cost. Answers every read with the same bytes over TLS 1.3, one thread, until
/// SIGTERM or SIGINT. Says "ready" on standard output. Throws std::runtime_error when it cannot start.
void serve_echo(const EchoOptions& options);

} // namespace sotto::load
