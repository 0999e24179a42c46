#pragma once
#include "push/gateway.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace sotto::push {

using Addresses = std::vector<boost::asio::ip::tcp::endpoint>;
/// Looks for a gateway's addresses on that I/O context, which it must not hold up. `done` gets them, or none, later and
/// on the context's thread; never once what is returned is destroyed, which ends the search.
using LookUp =
    std::function<std::shared_ptr<void>(boost::asio::io_context&, const Gateway&, std::function<void(Addresses)> done)>;

/// What wakes one phone: the values of `pn-provider`, `pn-param` and `pn-prid` that it registered (RFC 8599 4.1), and
/// nothing else: not who calls, nor that anybody does.
struct WakeUp {
    std::string provider;
    std::string parameter;
    std::string token;
    bool somebody_waits{false}; ///< such phones are woken first
    std::chrono::steady_clock::time_point until{std::chrono::steady_clock::time_point::max()}; ///< of no use after that
    std::function<void()> failed{}; ///< called on the notifier's thread when it could not be asked; may be empty
};

/// Asks the operator's push gateway to wake phones: one HTTPS POST each, with a JSON object of the three values. Knows
/// no SIP. A thread of its own; a few requests run at once over connections that stay open. What cannot be sent within
/// its time is dropped, so that a slow gateway is asked only for phones that are still waited for. Values are
/// overwritten once they are sent.
class Notifier {
public:
    struct Counts {
        std::uint64_t sent{0};
        std::uint64_t failed{0};  ///< the gateway could not be reached, or answered with an error
        std::uint64_t dropped{0}; ///< too many waited, or for too long
        std::uint64_t waiting{0}; ///< now, for the gateway to be asked
    };
    /// Called on the notifier's thread when a request failed after one that did not: why, naming no phone.
    using Fault = std::function<void(const std::string&)>;

    /// Throws std::runtime_error when the CA file cannot be read.
    Notifier(Gateway gateway, LookUp look_up, Fault on_fault);
    ~Notifier();
    Notifier(const Notifier&) = delete;
    Notifier& operator=(const Notifier&) = delete;

    /// Any thread; returns at once.
    void wake(WakeUp phone);
    /// Sends nothing any more and calls nobody back; waits until the thread has ended.
    void stop();
    [[nodiscard]] Counts counts() const { return {sent_, failed_, dropped_, waiting_}; }

private:
    class Senders;

    std::atomic<std::uint64_t> sent_{0}, failed_{0}, dropped_{0}, waiting_{0};
    std::unique_ptr<Senders> senders_;
    std::thread thread_;
};

} // namespace sotto::push
