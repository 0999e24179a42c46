#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <functional>
#include <span>
#include <sys/types.h>

namespace sotto::os {

/// From here on these signals interrupt nobody: they wait until `Signals` reads them. To be called while there is one
/// thread, which all later ones inherit it from (pthread_sigmask(3)).
void hold_signals(std::span<const int> numbers);

/// Whether this one has come, is held and was not read yet.
bool is_held(int number);

/// Signals that were held, read one after the other (signalfd(2)): no handler runs, in no thread, at no moment that it
/// did not choose. On the io_context's thread.
class Signals {
public:
    /// Throws std::system_error when the system gives no descriptor.
    Signals(boost::asio::io_context& io, std::span<const int> numbers);

    /// Calls `came` with the number of each and the user that sent it, as the kernel knows it; also of one that came
    /// before.
    void on_signal(std::function<void(int, uid_t)> came);

private:
    void read();

    boost::asio::posix::stream_descriptor descriptor_;
    std::function<void(int, uid_t)> came_;
};

} // namespace sotto::os
