#pragma once
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>

namespace sotto::net::web {

/// Where the operations of one worker's WebSockets complete: called as soon as one was begun, so that nothing is left
/// in it. It is no socket's loop: bytes come and go through the worker's connections.
class Completions {
public:
    using Executor = boost::asio::io_context::executor_type;

    [[nodiscard]] Executor executor() { return context_.get_executor(); }
    /// Calls what is ready, and what becomes ready by that.
    void run() { context_.poll(); }
    /// Part of a message on its way from a WebSocket to its session; wiped by whoever has taken it.
    std::array<char, 4'096>& scratch() { return scratch_; }

private:
    boost::asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE}; // one thread
    boost::asio::executor_work_guard<Executor> never_done_{context_.get_executor()};
    std::array<char, 4'096> scratch_{};
};

} // namespace sotto::net::web
