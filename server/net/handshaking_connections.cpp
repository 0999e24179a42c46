// The beginning of each connection: until its handshake is over, or it gives way to others.
#include "net/connections.hpp"

#include "net/domain_certificate.hpp"
#include "net/processor_time.hpp"

#include <poll.h>

#include <algorithm>
#include <utility>

namespace sotto::net {

namespace {

/// How much of what it may do an idle worker saves up.
constexpr milliseconds making_room_late{50};
constexpr std::chrono::microseconds one_gives_way{125};
constexpr milliseconds time_to_go_on{500}; ///< with a handshake, where others wait

} // namespace

bool Connections::accept(Socket socket, KeyedHash source, Transport transport,
                         const std::shared_ptr<const Identities>& outside)
{
    const auto id = table_.reserve();
    if (!id) return false;
    std::unique_ptr<Connection> begun;
    try {
        auto browser = transport == Transport::wss ? std::make_unique<web::Session>(web_completions_) : nullptr;
        begun = std::make_unique<Connection>(*id, std::move(socket), outside ? outside : identities_, source, transport,
                                             limits_->message, std::move(browser));
    } catch (const std::bad_alloc&) {
        return false;
    }
    auto& connection = table_.add(std::move(begun));
    connection.began = now_;
    wait_in(handshaking_, connection, limits_->handshake_timeout);
    await_readable(connection); // the client speaks first
    return true;
}

bool Connections::make_room()
{
    // Eight each millisecond on average: whoever was let in has time to speak, also when thousands come at once.
    made_room_until_ = std::max<Room>(made_room_until_, now_ - making_room_late);
    if (made_room_until_ >= now_) return false;
    const auto says_nothing = [](Connection& one) {
        pollfd unread{.fd = one.stream.socket().native_handle(), .events = POLLIN, .revents = 0};
        return ::poll(&unread, 1, 0) == 0; // whoever was accepted just now may have spoken long ago
    };
    auto* gives_way = handshaking_.oldest([&](auto& one) { // not one that we began
        return one.expected.empty() && !one.stream.greeted() && says_nothing(one);
    });
    if (gives_way == nullptr) // the oldest that has said hello and no more
        gives_way = handshaking_.oldest(
            [&](auto& one) { return one.expected.empty() && now_ - one.began > time_to_go_on && says_nothing(one); });
    if (gives_way == nullptr) return false;
    ++counters_.crowded_out;
    made_room_until_ += one_gives_way;
    kill(*gives_way);
    return true;
}

FlowId Connections::dial(Socket socket, const std::string& domain, std::string_view own,
                         const std::shared_ptr<const Identities>& outside)
{
    const auto id = table_.reserve();
    if (!id || !outside) return {};
    std::unique_ptr<Connection> begun;
    try {
        begun = std::make_unique<Connection>(*id, std::move(socket), outside, domain, own, limits_->message);
    } catch (const std::bad_alloc&) {
        return {};
    }
    auto& connection = table_.add(std::move(begun));
    connection.began = now_;
    wait_in(handshaking_, connection, limits_->handshake_timeout);
    await_writable(connection); // we speak first, but not before the caller knows the id
    return *id;
}

void Connections::advance_handshake(Connection& connection)
{
    const auto before = worked();
    const auto progress = connection.stream.handshake();
    worked_for_handshakes() += worked() - before;
    switch (progress) {
    case Progress::done:
        opened(connection);
        break;
    case Progress::want_read:
        await_readable(connection);
        break;
    case Progress::want_write:
        await_writable(connection);
        break;
    case Progress::closed:
    case Progress::failed:
        ++counters_.handshake_failures;
        kill(connection);
        break;
    }
}

/// False: the other end of a connection with another domain has not proved what it must, and is cut off.
bool Connections::proves_domain(Connection& connection)
{
    const bool dialled = !connection.expected.empty();
    if (!dialled && !connection.identities->mutual()) return true;
    auto proven = proven_domains(connection.stream.session());
    const bool good = dialled ? std::ranges::count(proven, connection.expected) != 0 : !proven.empty();
    if (!good) {
        ++counters_.handshake_failures;
        kill(connection);
        return false;
    }
    // What we asked for stands first; the other end may call for its other domains over the same connection.
    if (dialled) std::rotate(proven.begin(), std::ranges::find(proven, connection.expected), proven.end());
    connection.flow.domains = std::move(proven);
    return true;
}

void Connections::opened(Connection& connection)
{
    if (!proves_domain(connection)) return;
    ++counters_.handshakes;
    handshake_times_.record(now_ - connection.began);
    connection.identities.reset();
    connection.state = State::open;
    connection.known = true;
    if (connection.expected.empty())
        user_.handshake_over(true);
    else
        user_.dialled(connection.flow.id, std::nullopt);
    wait_for_next_message(connection);
    if (connection.stream.pending())
        read(connection);
    else
        await_readable(connection);
}

} // namespace sotto::net
