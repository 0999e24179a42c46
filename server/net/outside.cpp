#include "net/outside.hpp"

#include "core/routing/presentation.hpp"

#include <algorithm>
#include <utility>

namespace sotto::net {
namespace {

constexpr milliseconds address_patience{4000}; ///< for one TCP handshake
constexpr seconds attempt_patience{12};        ///< for all of them
constexpr seconds retried_after{30};           ///< what was found dead
constexpr seconds remembered_for{60};          ///< and how long nobody waits for it
constexpr seconds avoided_for{60};             ///< where a call has failed, while others are connected
constexpr std::chrono::minutes past_for{10};   ///< longer than a call goes from host to host
constexpr std::size_t most_past = 256;         ///< of all destinations; more would only be tried again too early

TimePoint clock() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

/// One TCP handshake with a time limit, whichever comes first.
struct Dialling {
    explicit Dialling(asio::io_context& context) : socket{context}, timer{context} {}
    Socket socket;
    asio::steady_timer timer;
};

} // namespace

Outside::Outside(asio::io_context& context, Bursts& bursts, Connections& connections, Fault fault)
    : context_{context}, bursts_{bursts}, connections_{connections}, fault_{std::move(fault)}
{
}

void Outside::connect(const Connect& to, Done done)
{
    const auto target = sotto::text_of(to.to);
    const auto speaker = identities_ ? identities_->speaker(to.own) : Identities::Speaker{};
    if (!to.instead_of.empty()) failed(target, to.instead_of.back());
    if (const auto flow = live(target, to.own, speaker, to.instead_of)) return done(flow);
    const bool waits = !(to.others_follow && dead(target, remembered_for));
    if (!waits) {
        done({});
        if (!to.instead_of.empty() || dead(target, retried_after)) return;
    }
    const Key key{target, speaker.certificate, to.instead_of};
    const auto [found, fresh] = attempts_.try_emplace(key);
    auto& attempt = found->second;
    if (waits) attempt.waiting.push_back(std::move(done));
    attempt.others_follow = attempt.others_follow || to.others_follow;
    if (!fresh) return;
    attempt.to = to.to;
    attempt.own = to.own;
    attempt.route = to.route;
    attempt.until = clock() + attempt_patience;
    if (!resolver_) resolver_ = std::make_unique<Resolver>(context_);
    resolver_->locate(to.to, [this, key](Resolver::Found found_addresses) {
        bursts_.begin();
        located(key, std::move(found_addresses));
        bursts_.end();
    });
}

/// One over which that domain of ours is proven; where no certificate proves it, any. To a host where no call has
/// failed, if there is such a one; nobody waits for another host because somebody else's call has failed at this one.
FlowId Outside::live(const std::string& to, const std::string& own, const Identities::Speaker& speaker,
                     const std::vector<FlowId>& instead_of, const Endpoint* at) const
{
    const auto ways = live_.find(to);
    if (ways == live_.end()) return {};
    FlowId last_choice;
    for (const auto& way : ways->second) {
        if (at != nullptr && way.at != *at) continue;
        if (speaker.proves && std::ranges::count(way.proves, own) == 0) continue;
        if (tried(to, instead_of, way.flow, way.at)) continue;
        if (!avoided(to, way.flow)) return way.flow;
        if (!last_choice) last_choice = way.flow;
    }
    return last_choice;
}

/// That connection, or another one to the same host.
bool Outside::tried(const std::string& to, const std::vector<FlowId>& instead_of, FlowId flow, const Endpoint& at) const
{
    if (instead_of.empty()) return false;
    return std::ranges::count(instead_of, flow) != 0 || std::ranges::any_of(past_, [&](const Past& past) {
               return at.port() != 0 && past.at == at && past.to == to &&
                      std::ranges::count(instead_of, past.flow) != 0;
           });
}

void Outside::add(const std::string& to, Way fresh, bool preferred)
{
    auto& ways = live_[to];
    if (std::ranges::count(ways, fresh.flow, &Way::flow) != 0) return; // we made it, and are offered it as well
    if (!preferred) return ways.push_back(std::move(fresh));
    // What speaks for no other domain than this one does is not needed beside it.
    const auto needless = [&](const Way& way) {
        return std::ranges::all_of(way.proves,
                                   [&](const auto& one) { return std::ranges::count(fresh.proves, one) != 0; });
    };
    for (const auto& way : ways)
        if (needless(way)) remember({to, way.flow, way.at, clock()});
    std::erase_if(ways, needless);
    ways.insert(ways.begin(), std::move(fresh));
}

/// A call to that destination has failed there lately.
bool Outside::avoided(const std::string& to, FlowId flow) const
{
    return std::ranges::any_of(past_, [&](const Past& past) {
        return past.flow == flow && past.failed && clock() - past.since < avoided_for && past.to == to;
    });
}

void Outside::failed(const std::string& to, FlowId flow)
{
    const auto known =
        std::ranges::find_if(past_, [&](const Past& past) { return past.flow == flow && past.to == to; });
    if (known != past_.end()) {
        known->failed = true;
        known->since = clock();
        return;
    }
    const auto ways = live_.find(to);
    if (ways == live_.end()) return;
    const auto way = std::ranges::find(ways->second, flow, &Way::flow);
    if (way != ways->second.end()) remember({to, flow, way->at, clock(), true});
}

void Outside::remember(Past past)
{
    if (past.at.port() == 0 && !past.failed) return;
    if (past_.size() == most_past) past_.pop_front();
    past_.push_back(std::move(past));
    if (past_.size() == 1) forget();
}

/// Whom this server was connected to is kept for no longer than that needs.
void Outside::forget()
{
    std::erase_if(past_, [now = clock()](const Past& past) { return now - past.since >= past_for; });
    if (past_.empty()) return;
    forgets_.expires_after(std::ranges::min(past_, {}, &Past::since).since + past_for - clock());
    forgets_.async_wait([this](error_code error) {
        if (!error) forget();
    });
}

bool Outside::dead(const std::string& to, milliseconds within) const
{
    const auto found = dead_.find(to);
    return found != dead_.end() && clock() - found->second < within;
}

void Outside::located(const Key& key, Resolver::Found found)
{
    auto& attempt = attempts_.at(key);
    if (found) {
        auto& addresses = attempt.addresses;
        addresses.assign(found->begin(), found->end());
        std::erase_if(addresses, [&](const Endpoint& at) { return tried(key.to, key.instead_of, {}, at); });
    } else {
        attempt.reason = found.error();
    }
    try_next(key);
}

void Outside::try_next(const Key& key)
{
    auto& attempt = attempts_.at(key);
    if (attempt.addresses.empty() || clock() >= attempt.until) return finish(key, {});
    attempt.at = attempt.addresses.front();
    attempt.addresses.pop_front();
    const auto speaker = identities_ ? identities_->speaker(attempt.own) : Identities::Speaker{};
    if (const auto flow = live(key.to, attempt.own, speaker, key.instead_of, &attempt.at)) return finish(key, flow);
    const auto dialling = std::make_shared<Dialling>(context_);
    dialling->timer.expires_after(address_patience);
    dialling->timer.async_wait([dialling](error_code error) {
        error_code ignored;
        if (!error) dialling->socket.close(ignored); // which ends the handshake with an error
    });
    dialling->socket.async_connect(attempt.at, [this, key, dialling](error_code error) {
        dialling->timer.cancel();
        bursts_.begin();
        if (!error && dialling->socket.is_open())
            reached(key, std::move(dialling->socket));
        else
            try_next(key);
        bursts_.end();
    });
}

void Outside::reached(const Key& key, Socket socket)
{
    auto& attempt = attempts_.at(key);
    const auto flow = connections_.dial(std::move(socket), attempt.to.host, attempt.own, identities_);
    if (!flow) {
        attempt.reason = WayFailure::full;
        return finish(key, {});
    }
    attempt.dialling = flow;
}

void Outside::dialled(FlowId flow, std::optional<WayFailure> failure)
{
    for (auto& [key, attempt] : attempts_) {
        if (attempt.dialling != flow) continue;
        const auto name = key;
        attempt.dialling = {};
        if (!failure) return finish(name, flow);
        attempt.reason = *failure;
        return try_next(name);
    }
}

void Outside::finish(const Key& key, FlowId flow)
{
    auto attempt = std::move(attempts_.extract(key).mapped());
    const auto& target = key.to;
    const bool again = !key.instead_of.empty(); // the name was reached: it is one of its hosts that is missing
    if (!again) dead_.erase(target);
    if (flow)
        add(target, {flow, connections_.proven_by_us(flow), attempt.at}, !again);
    else if (!again && attempt.others_follow && attempt.reason != WayFailure::full)
        dead_.emplace(target, clock());
    if (!flow && !again && fault_) fault_(attempt.route, attempt.reason);
    for (auto& done : attempt.waiting) done(flow);
}

void Outside::ended(FlowId flow)
{
    for (auto& [to, ways] : live_) {
        const auto way = std::ranges::find(ways, flow, &Way::flow);
        if (way == ways.end()) continue;
        remember({to, flow, way->at, clock()});
        ways.erase(way);
    }
    std::erase_if(live_, [](const auto& entry) { return entry.second.empty(); });
}

} // namespace sotto::net
