#pragma once
#include "core/types/time.hpp"

#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <utility>

namespace sotto::app {

/// Runs `act` after each `span`, on the timer's context, until the timer is cancelled or gone; it must outlive what
/// `act` uses.
inline void every(boost::asio::steady_timer& timer, milliseconds span, std::function<void()> act)
{
    timer.expires_after(span);
    timer.async_wait([&timer, span, act = std::move(act)](boost::system::error_code error) mutable {
        if (error) return;
        act();
        every(timer, span, std::move(act));
    });
}

} // namespace sotto::app
