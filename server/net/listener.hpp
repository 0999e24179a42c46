#pragma once
#include "net/asio.hpp"

#include <stdexcept>
#include <string>
#include <string_view>

namespace sotto::net {

class ListenError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// "127.0.0.1:5061" or "[::1]:5061". Throws ListenError.
Endpoint endpoint_of(std::string_view text);
/// The other way round.
std::string text_of(const Endpoint& endpoint);

/// A listening socket for one worker, which the caller owns. With SO_REUSEPORT, so that the kernel spreads connections
/// over all that listen on the address. Throws ListenError.
int listen_on(const Endpoint& endpoint);
/// Throws ListenError when another process has the address: with SO_REUSEPORT the two would silently share its clients.
void check_unused(const Endpoint& endpoint);
/// Whether others of this user may listen on the same address (SO_REUSEPORT).
bool shares_its_address(int descriptor);
/// The same socket once more, which the caller owns. Throws ListenError.
int duplicate(int descriptor);
/// Takes a listening socket over; its descriptor belongs to the acceptor from now on. Throws ListenError.
Acceptor adopt(asio::io_context& context, int descriptor);
/// The address that a listening socket stands on. Throws ListenError.
Endpoint endpoint_of(int descriptor);

} // namespace sotto::net
