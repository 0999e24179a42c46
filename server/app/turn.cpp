#include "app/turn.hpp"

#include "app/daemon_line.hpp"
#include "log/log.hpp"
#include "os/notify.hpp"
#include "os/signals.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <chrono>
#include <thread>

namespace sotto::app {
namespace {

using namespace std::chrono_literals;

constexpr auto longest_wait = 60s;
constexpr auto between_looks = 100ms;
/// The service manager hears of the waiting at each look; a look may be late.
constexpr auto extension = 20s;

bool asked_to_end()
{
    return std::ranges::any_of(signal_meanings, [](const SignalMeaning& signal) {
        return signal.asked == Asked::drain && os::is_held(signal.number);
    });
}

} // namespace

store::StateLock take_turn(const std::filesystem::path& state_directory)
{
    auto lock = store::StateLock::take(state_directory);
    if (!lock) log::event(log::Event::waiting);
    const auto end = std::chrono::steady_clock::now() + longest_wait;
    while (!lock && !asked_to_end() && std::chrono::steady_clock::now() < end) {
        os::notify_longer(extension);
        std::this_thread::sleep_for(between_looks);
        lock = store::StateLock::take(state_directory);
    }
    if (!lock)
        throw store::StoreError{store::StoreError::Kind::unavailable,
                                state_directory.string() + "/lock: held by another sottod, or by a sotto command"};
    return std::move(*lock);
}

} // namespace sotto::app
