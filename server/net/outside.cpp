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
    if (const auto flow = live(target, to.own, speaker)) return done(flow);
    const bool waits = !(to.others_follow && dead(target, remembered_for));
    if (!waits) {
        done({});
        if (dead(target, retried_after)) return;
    }
    const Key key{target, speaker.certificate};
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

/// One over which that domain of ours is proven; where no certificate proves it, any.
FlowId Outside::live(const std::string& to, const std::string& own, const Identities::Speaker& speaker) const
{
    const auto ways = live_.find(to);
    if (ways == live_.end()) return {};
    const auto fits = [&](const Way& way) { return !speaker.proves || std::ranges::count(way.proves, own) != 0; };
    const auto way = std::ranges::find_if(ways->second, fits);
    return way != ways->second.end() ? way->flow : FlowId{};
}

void Outside::reuse(const std::string& domain, FlowId flow, std::vector<std::string> proves)
{
    auto& ways = live_[domain];
    // What speaks for no other domain than this one does is not needed beside it.
    std::erase_if(ways, [&](const Way& way) {
        return std::ranges::all_of(way.proves, [&](const auto& one) { return std::ranges::count(proves, one) != 0; });
    });
    ways.insert(ways.begin(), Way{flow, std::move(proves)});
}

bool Outside::dead(const std::string& to, milliseconds within) const
{
    const auto found = dead_.find(to);
    return found != dead_.end() && clock() - found->second < within;
}

void Outside::located(const Key& key, Resolver::Found found)
{
    auto& attempt = attempts_.at(key);
    if (found)
        attempt.addresses.assign(found->begin(), found->end());
    else
        attempt.reason = found.error();
    try_next(key);
}

void Outside::try_next(const Key& key)
{
    auto& attempt = attempts_.at(key);
    if (attempt.addresses.empty() || clock() >= attempt.until) return finish(key, {});
    const auto endpoint = attempt.addresses.front();
    attempt.addresses.pop_front();
    const auto dialling = std::make_shared<Dialling>(context_);
    dialling->timer.expires_after(address_patience);
    dialling->timer.async_wait([dialling](error_code error) {
        error_code ignored;
        if (!error) dialling->socket.close(ignored); // which ends the handshake with an error
    });
    dialling->socket.async_connect(endpoint, [this, key, dialling](error_code error) {
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
    const auto& target = key.first;
    dead_.erase(target);
    if (flow)
        reuse(target, flow, connections_.proven_by_us(flow));
    else if (attempt.others_follow && attempt.reason != WayFailure::full)
        dead_.emplace(target, clock());
    if (!flow && fault_) fault_(attempt.route, attempt.reason);
    for (auto& done : attempt.waiting) done(flow);
}

void Outside::ended(FlowId flow)
{
    for (auto& [to, ways] : live_) std::erase_if(ways, [=](const Way& way) { return way.flow == flow; });
    std::erase_if(live_, [](const auto& entry) { return entry.second.empty(); });
}

} // namespace sotto::net
