#include "app/listeners.hpp"

#include <unistd.h>

#include <algorithm>
#include <string>

namespace sotto::app {
namespace {

/// "listener-0-127.0.0.1_5061": a name may hold no colon.
std::string name_of(const net::Endpoint& endpoint, std::size_t worker)
{
    auto name = "listener-" + std::to_string(worker) + "-" + net::text_of(endpoint);
    std::ranges::replace(name, ':', '_');
    return name;
}

} // namespace

Listeners::~Listeners()
{
    for (const auto& unused : passed_) {
        os::forget_descriptor(unused.name);
        close(unused.number);
    }
}

std::vector<int> Listeners::on(net::Endpoint endpoint, std::size_t workers)
{
    std::vector<int> found;
    std::vector<std::string> taken;
    std::erase_if(passed_, [&](const auto& passed) {
        if (!os::is_listening(passed.number) || net::endpoint_of(passed.number) != endpoint) return false;
        found.push_back(passed.number);
        taken.push_back(passed.name);
        return true;
    });
    if (found.empty()) net::check_unused(endpoint);
    // A socket unit passes one, which may not let others share its address: all workers take from it.
    if (!found.empty() && !net::shares_its_address(found.front()))
        while (found.size() < workers) found.push_back(net::duplicate(found.front()));
    for (std::size_t worker = 0; found.size() < workers; ++worker) {
        if (std::ranges::find(taken, name_of(endpoint, worker)) != taken.end()) continue;
        found.push_back(net::listen_on(endpoint));
        endpoint = net::endpoint_of(found.back());
        os::store_descriptor(name_of(endpoint, worker), found.back()); // with the port that it got
    }
    return found;
}

} // namespace sotto::app
