#pragma once
#include "net/listener.hpp"
#include "os/descriptor_store.hpp"

#include <utility>
#include <vector>

namespace sotto::app {

/// The listening sockets, which stay open while one process follows another: clients that connect in between wait in
/// their queues. One for each worker and address, each kept by the service manager under a name of its own.
class Listeners {
public:
    /// `passed`: the descriptors that the process was given, of whatever kind.
    explicit Listeners(std::vector<os::PassedDescriptor> passed) : passed_{std::move(passed)} {}
    /// Closes what nobody has asked for, here and at the service manager: clients would wait in its queue for ever.
    ~Listeners();
    Listeners(const Listeners&) = delete;
    Listeners& operator=(const Listeners&) = delete;

    /// Descriptors that listen on the address, which the caller owns: at least one for each worker; more when the
    /// process before had more workers. Port 0: all on the port that the system chooses. Throws net::ListenError.
    std::vector<int> on(net::Endpoint endpoint, std::size_t workers);

private:
    std::vector<os::PassedDescriptor> passed_;
};

} // namespace sotto::app
