#include "location/push_memory.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string.h>
#include <utility>

namespace sotto::location {
namespace {

constexpr seconds asked_again_after{10};

/// Each ends with its registration, and none with a key: they are of no epoch.
constexpr Epoch no_epoch{0};

/// When it ends, by the clock that goes on over a restart, then what is sealed.
DialogJournal::Text record_of(AorKey aor, const PushRegistrations::Sleeper& sleeper)
{
    const std::int64_t until = sleeper.until.time_since_epoch().count();
    std::string bytes(sizeof until, '\0');
    std::memcpy(bytes.data(), &until, sizeof until);
    return {sleeper.device, aor.hash, {bytes + sleeper.parameters.bytes}};
}

std::optional<PushRegistrations::Sleeper> sleeper_of(const DialogJournal::Text& record)
{
    const auto& bytes = record.value.bytes;
    std::int64_t until = 0;
    if (bytes.size() < sizeof until) return std::nullopt;
    std::memcpy(&until, bytes.data(), sizeof until);
    return PushRegistrations::Sleeper{
        .device = record.id, .parameters = {bytes.substr(sizeof until)}, .until = TimePoint{milliseconds{until}}};
}

} // namespace

PushMemory::PushMemory(std::unique_ptr<Region> region) : journal_{std::make_unique<DialogJournal>(std::move(region))}
{
    journal_->restore({.alive = [](Epoch epoch) { return epoch == no_epoch; },
                       .ended = [](Epoch, const auto&) {},
                       .handle = [](Epoch, auto, const auto&) {},
                       .text = [this](Epoch, auto place, const auto& record) { take_up(place, record); }});
}

/// Of two of one device, a kill has left the one before beside the one that took its place.
void PushMemory::take_up(DialogJournal::Place place, const DialogJournal::Text& record)
{
    auto sleeper = sleeper_of(record);
    const auto known = registrations_.find(record.id);
    if (!sleeper || (known != registrations_.end() && known->second.until >= sleeper->until))
        return journal_->remove(place);
    if (known != registrations_.end()) forget(known);
    add(AorKey{record.dialog}, *std::move(sleeper), place);
}

void PushMemory::keep(AorKeys aor, Sleeper sleeper, std::size_t most)
{
    const std::scoped_lock lock{mutex_};
    const auto place = journal_ ? journal_->add(no_epoch, record_of(aor.now, sleeper)) : 0;
    if (const auto known = registrations_.find(sleeper.device); known != registrations_.end()) forget(known);
    if (aor.rotating()) move(aor);
    auto& devices = by_account_[aor.now];
    if (devices.size() >= most) {
        const auto first =
            std::ranges::min(devices, {}, [&](BindingId device) { return registrations_.find(device)->second.until; });
        forget(registrations_.find(first));
    }
    add(aor.now, std::move(sleeper), place);
}

void PushMemory::add(AorKey aor, Sleeper sleeper, DialogJournal::Place place)
{
    by_account_[aor].push_back(sleeper.device);
    registrations_.emplace(sleeper.device, Registration{.aor = aor,
                                                        .parameters = std::move(sleeper.parameters),
                                                        .until = sleeper.until,
                                                        .renew_at = sleeper.until - wake_before_end,
                                                        .place = place});
    account_count_ = by_account_.size();
    count_ = registrations_.size();
}

/// The hash key has changed since the account's devices registered: they get the name that it has now. The next process
/// finds them under the one before, which lives longer than they do.
void PushMemory::move(AorKeys aor)
{
    const auto moved = by_account_.extract(aor.before);
    if (!moved) return;
    for (const auto device : moved.mapped()) registrations_.find(device)->second.aor = aor.now;
    auto& devices = by_account_[aor.now];
    devices.insert(devices.end(), moved.mapped().begin(), moved.mapped().end());
}

void PushMemory::remove(BindingId device)
{
    if (count_ == 0) return; // most servers, most of the time
    const std::scoped_lock lock{mutex_};
    if (const auto known = registrations_.find(device); known != registrations_.end()) forget(known);
}

std::vector<PushRegistrations::Sleeper> PushMemory::of(AorKeys aor, TimePoint now) const
{
    std::vector<Sleeper> all;
    const auto add = [&](AorKey key) {
        const auto account = by_account_.find(key);
        if (account == by_account_.end()) return;
        for (const auto device : account->second) {
            const auto& registration = registrations_.find(device)->second;
            if (registration.until > now) all.push_back({device, registration.parameters, registration.until});
        }
    };
    const std::scoped_lock lock{mutex_};
    add(aor.now);
    if (aor.rotating()) add(aor.before);
    return all;
}

void PushMemory::await(BindingId device, Waiter waiter)
{
    const std::scoped_lock lock{mutex_};
    auto& all = waiters_[device];
    if (all.size() == most_waiters) all.erase(all.begin()); // whoever has waited longest gives up first
    all.push_back(waiter);
}

std::vector<PushRegistrations::Waiter> PushMemory::take_waiters(BindingId device)
{
    if (count_ == 0) return {};
    const std::scoped_lock lock{mutex_};
    auto waiting = waiters_.extract(device);
    return waiting ? std::move(waiting.mapped()) : std::vector<Waiter>{};
}

void PushMemory::pass(TimePoint now, const std::function<void(const Sleeper&)>& renew)
{
    std::vector<Sleeper> due;
    {
        const std::scoped_lock lock{mutex_};
        for (auto at = registrations_.begin(); at != registrations_.end();) {
            const auto one = at++;
            if (one->second.until <= now) {
                forget(one);
            } else if (one->second.renew_at <= now) {
                one->second.renew_at = TimePoint::max();
                due.push_back({one->first, one->second.parameters, one->second.until});
            }
        }
    }
    for (const auto& sleeper : due) renew(sleeper);
}

void PushMemory::not_renewed(BindingId device, TimePoint now)
{
    const std::scoped_lock lock{mutex_};
    if (const auto known = registrations_.find(device);
        known != registrations_.end() && known->second.renew_at == TimePoint::max())
        known->second.renew_at = now + asked_again_after;
}

void PushMemory::forget(Registrations::iterator registration)
{
    auto& text = registration->second.parameters.bytes;
    ::explicit_bzero(text.data(), text.size());
    if (journal_) journal_->remove(registration->second.place);
    const auto account = by_account_.find(registration->second.aor);
    std::erase(account->second, registration->first);
    if (account->second.empty()) by_account_.erase(account);
    waiters_.erase(registration->first);
    registrations_.erase(registration);
    account_count_ = by_account_.size();
    count_ = registrations_.size();
}

} // namespace sotto::location
