#include "location/shard.hpp"

#include "location/wipe.hpp"

#include <algorithm>
#include <utility>

namespace sotto::location {
namespace {

seconds second_of(TimePoint time) { return std::chrono::floor<seconds>(time.time_since_epoch()); }

} // namespace

std::optional<Place> Index::find(BindingId id) const
{
    const auto& part = parts_[part_of(id)];
    const std::scoped_lock lock{part.mutex};
    const auto at = part.places.find(id.value);
    if (at == part.places.end()) return std::nullopt;
    return at->second;
}

void Index::put(BindingId id, Place place)
{
    auto& part = parts_[part_of(id)];
    const std::scoped_lock lock{part.mutex};
    part.places.insert_or_assign(id.value, place);
}

void Index::remove(BindingId id, Place place)
{
    auto& part = parts_[part_of(id)];
    const std::scoped_lock lock{part.mutex};
    const auto at = part.places.find(id.value);
    if (at != part.places.end() && at->second == place) part.places.erase(at);
}

Located Shard::look_up(AorKey aor, TimePoint now) const
{
    Located out;
    const std::scoped_lock lock{mutex_};
    const auto account = accounts_.find(aor);
    if (account == accounts_.end()) return out;
    out.version = account->second.version;
    std::size_t count = 0;
    for (auto at = account->second.first; at != none; at = records_[at].next) ++count;
    out.bindings.reserve(count);
    for (auto at = account->second.first; at != none; at = records_[at].next)
        if (records_[at].binding.expires > now) out.bindings.push_back(records_[at].binding);
    return out;
}

std::optional<std::ptrdiff_t> Shard::commit(AorKey aor, Located expected, TimePoint now, bool rotating)
{
    std::ptrdiff_t change = 0;
    const std::scoped_lock lock{mutex_};
    const auto account = accounts_.find(aor);
    const bool known = account != accounts_.end();
    if ((known ? account->second.version : 0) != expected.version) return std::nullopt;

    auto first = none;
    auto before = known ? account->second.first : none;
    for (auto one = expected.bindings.rbegin(); one != expected.bindings.rend(); ++one) {
        if (one->expires <= now) continue;
        auto number = unchain(before, *one);
        if (number == none) {
            departed_.forget(one->id);
            number = take(std::move(*one), aor);
            ++change;
        } else {
            renew(number, std::move(*one));
        }
        records_[number].next = std::exchange(first, number);
    }
    // What goes, here or under the former key: the index leads to what stays at every moment.
    if (before != none || rotating)
        for (auto at = first; at != none; at = records_[at].next) index_.put(records_[at].binding.id, {number_, at});
    if (before != none) {
        depart(before);
        release_all(before, change);
    }
    if (first == none) {
        if (known) accounts_.erase(account);
        return change;
    }
    const Account changed{.version = ++last_version_, .first = first};
    if (known)
        account->second = changed;
    else
        accounts_.emplace(aor, changed);
    return change;
}

std::uint32_t Shard::unchain(std::uint32_t& first, const Binding& flow)
{
    for (auto* link = &first; *link != none; link = &records_[*link].next) {
        const auto& binding = records_[*link].binding;
        if (binding.id == flow.id && binding.reg_id == flow.reg_id) return std::exchange(*link, records_[*link].next);
    }
    return none;
}

bool Shard::holds(std::uint32_t number, BindingId id) const
{
    return records_[number].slot != none && records_[number].binding.id == id;
}

std::uint32_t Shard::first_of(AorKey aor) const
{
    const auto account = accounts_.find(aor);
    return account == accounts_.end() ? none : account->second.first;
}

bool Shard::read(std::uint32_t number, BindingId id, TimePoint now, std::vector<Binding>& out) const
{
    const std::scoped_lock lock{mutex_};
    if (!holds(number, id)) return false;
    for (auto at = first_of(records_[number].aor); at != none; at = records_[at].next)
        if (records_[at].binding.id == id && records_[at].binding.expires > now) out.push_back(records_[at].binding);
    std::ranges::stable_sort(out, std::ranges::greater{}, &Binding::refreshed);
    return true;
}

std::optional<std::size_t> Shard::remove(std::uint32_t number, BindingId id, const Which& which)
{
    const std::scoped_lock lock{mutex_};
    if (!holds(number, id)) return std::nullopt;
    std::size_t gone = 0;
    for (auto at = first_of(records_[number].aor); at != none;) {
        const auto next = records_[at].next;
        if (records_[at].binding.id == id && which(records_[at].binding)) {
            detach(at);
            release(at);
            ++gone;
        }
        at = next;
    }
    return gone;
}

void Shard::expire(TimePoint now, std::vector<BindingId>& gone)
{
    const auto until = second_of(now);
    const std::scoped_lock lock{mutex_};
    // The last second is looked at again: what had not expired within it then may have by now.
    const auto from = swept_ ? std::max(*swept_, until - seconds{slots - 1}) : until - seconds{slots - 1};
    for (auto second = from; second <= until; ++second) {
        const auto slot = static_cast<std::size_t>(second.count()) % slots;
        for (auto at = wheel_[slot]; at != none;) {
            const auto next = records_[at].later;
            if (records_[at].binding.expires <= now) {
                gone.push_back(records_[at].binding.id);
                detach(at);
                if (index_.find(records_[at].binding.id) == Place{number_, at}) departed_.add(records_[at].binding);
                release(at);
            } else if (slot_of(records_[at].binding) != slot) { // renewed since it came here
                leave_slot(at);
                enter_slot(at);
            }
            at = next;
        }
    }
    swept_ = std::max(until, swept_.value_or(until));
}

std::uint32_t Shard::take(Binding binding, AorKey aor)
{
    auto number = free_;
    if (number == none) {
        number = records_.size();
        records_.add();
    } else {
        free_ = records_[number].next;
    }
    auto& record = records_[number];
    record.binding = std::move(binding);
    record.aor = aor;
    enter_slot(number);
    index_.put(record.binding.id, {number_, number});
    return number;
}

/// A binding that lasts longer than before stays in its slot until that is swept: so most registrations touch neither
/// the index nor their neighbours there.
void Shard::renew(std::uint32_t number, Binding binding)
{
    auto& record = records_[number];
    wipe(record.binding);
    const bool sooner = binding.expires < record.binding.expires;
    record.binding = std::move(binding);
    if (!sooner) return;
    leave_slot(number);
    enter_slot(number);
}

void Shard::release(std::uint32_t number)
{
    auto& record = records_[number];
    index_.remove(record.binding.id, {number_, number});
    leave_slot(number);
    wipe(record.binding);
    record = Record{.next = free_};
    free_ = number;
}

/// Before the index leads there no more: whoever ends the connection meanwhile finds them in one place or in the other.
void Shard::depart(std::uint32_t first)
{
    const auto goes = [&](Place place) {
        auto at = place.shard == number_ ? first : none;
        while (at != none && at != place.record) at = records_[at].next;
        return at != none;
    };
    for (auto at = first; at != none; at = records_[at].next)
        if (const auto place = index_.find(records_[at].binding.id); place && goes(*place))
            departed_.add(records_[at].binding);
}

void Shard::release_all(std::uint32_t first, std::ptrdiff_t& change)
{
    for (auto at = first; at != none;) {
        const auto next = records_[at].next;
        release(at);
        --change;
        at = next;
    }
}

void Shard::detach(std::uint32_t number)
{
    const auto account = accounts_.find(records_[number].aor);
    auto* link = &account->second.first;
    while (*link != number) link = &records_[*link].next;
    *link = records_[number].next;
    account->second.version = ++last_version_;
    for (auto at = account->second.first; at != none; at = records_[at].next)
        if (records_[at].binding.id == records_[number].binding.id) index_.put(records_[at].binding.id, {number_, at});
    if (account->second.first == none) accounts_.erase(account);
}

std::uint32_t Shard::slot_of(const Binding& binding) const
{
    // A second that has been swept would be seen again only after a whole round.
    const auto second = std::max(second_of(binding.expires), swept_.value_or(seconds::min()));
    return static_cast<std::uint32_t>(static_cast<std::size_t>(second.count()) % slots);
}

void Shard::enter_slot(std::uint32_t number)
{
    auto& record = records_[number];
    record.slot = slot_of(record.binding);
    record.earlier = none;
    record.later = std::exchange(wheel_[record.slot], number);
    if (record.later != none) records_[record.later].earlier = number;
}

void Shard::leave_slot(std::uint32_t number)
{
    const auto& record = records_[number];
    if (record.later != none) records_[record.later].earlier = record.earlier;
    if (record.earlier != none)
        records_[record.earlier].later = record.later;
    else
        wheel_[record.slot] = record.later;
}

} // namespace sotto::location
