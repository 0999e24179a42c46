#include "app/keys.hpp"

#include "app/every.hpp"
#include "log/log.hpp"

#include <algorithm>

namespace sotto::app {
namespace {

constexpr milliseconds minute{60'000};
constexpr seconds sealing_period{3600};
constexpr seconds hash_period{24 * 3600};
constexpr seconds longest_binding{3600}; ///< that `registrar.binding_lifetime` admits

TimePoint now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

/// Those of the process before, if there was one that left them.
std::shared_ptr<const crypto::ProcessKeys> process_keys(const Handover& handover)
{
    if (const auto before = handover.read(Handover::Item::process_keys))
        if (auto keys = crypto::ProcessKeys::restore(before->bytes())) return keys;
    return crypto::ProcessKeys::create();
}

std::shared_ptr<crypto::KeyRing> epoch_keys(const Handover& handover, TimePoint now, seconds longest_dialog)
{
    auto ring = std::make_shared<crypto::KeyRing>(
        now, crypto::KeyRing::Times{.period = sealing_period, .kept = longest_dialog});
    if (const auto before = handover.read(Handover::Item::epoch_keys)) ring->restore(before->bytes(), now);
    return ring;
}

std::shared_ptr<crypto::KeyRing> hash_keys(const Handover& handover, TimePoint now)
{
    auto ring =
        std::make_shared<crypto::KeyRing>(now, crypto::KeyRing::Times{.period = hash_period, .kept = longest_binding});
    if (const auto before = handover.read(Handover::Item::hash_keys)) ring->restore(before->bytes(), now);
    return ring;
}

bool holds(const crypto::EpochKeys& keys, Epoch epoch)
{
    return std::ranges::any_of(keys, [&](const auto& key) { return key.epoch == epoch; });
}

/// All but those that are alive and the next one: workers seal under it before it is heard of here.
Epochs over(const crypto::EpochKeys& keys)
{
    auto over = ~Epochs{};
    for (const auto& key : keys) over.reset(key.epoch.number);
    return over.reset(static_cast<std::uint8_t>(keys.back().epoch.number + 1));
}

} // namespace

Keys::Keys(boost::asio::io_context& main, std::vector<os::PassedDescriptor>& passed, TimePoint now,
           seconds longest_dialog)
    : handover_{passed}, resumed_{handover_.read(Handover::Item::epoch_keys).has_value()},
      process_{process_keys(handover_)}, ring_{epoch_keys(handover_, now, longest_dialog)}, hash_ring_{hash_keys(
                                                                                                handover_, now)},
      dialogs_{std::make_shared<location::SharedDialogMemory>(
          handover_.dialogs(), [keys = ring_->snapshot()](Epoch epoch) { return holds(*keys, epoch); })},
      sleepers_{std::make_shared<location::PushMemory>(handover_.sleepers())}, midnight_{main}, rotation_{main}
{
    hand_on();
}

Keys::~Keys()
{
    log::hand_on_day_key({}, {}); // what is logged from now on is for nobody
}

void Keys::start(std::function<void()> on_rotation)
{
    on_rotation_ = std::move(on_rotation);
    every(midnight_, minute, [] { log::end_day(); });
    rotate();
}

void Keys::hand_on()
{
    handover_.write(Handover::Item::process_keys, process_->serialise().bytes());
    handover_.write(Handover::Item::epoch_keys, ring_->serialise().bytes());
    handover_.write(Handover::Item::hash_keys, hash_ring_->serialise().bytes());
    log::hand_on_day_key(day_key(handover_.read(Handover::Item::day_key)), [this](const auto& key) {
        if (key)
            handover_.write(Handover::Item::day_key, serialise(*key).bytes());
        else
            handover_.destroy(Handover::Item::day_key);
    });
}

void Keys::rotate()
{
    if (ring_->rotate(now())) {
        handover_.write(Handover::Item::epoch_keys, ring_->serialise().bytes());
        dialogs_->forget(over(*ring_->snapshot()));
        on_rotation_();
        log::event(log::Event::keys_rotated);
    }
    if (hash_ring_->rotate(now())) {
        handover_.write(Handover::Item::hash_keys, hash_ring_->serialise().bytes());
        on_rotation_();
    }
    rotation_.expires_at(std::min(ring_->next_rotation(), hash_ring_->next_rotation()));
    rotation_.async_wait([this](boost::system::error_code error) {
        if (!error) rotate();
    });
}

} // namespace sotto::app
