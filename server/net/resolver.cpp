#include "net/resolver.hpp"

#include "core/types/ascii.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <ares.h>
#include <arpa/nameser.h>
#include <netinet/in.h>
#include <sys/select.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <stdexcept>

namespace sotto::net {
namespace {

constexpr std::uint16_t sips_port = 5061; // RFC 3261 19.1.2
constexpr int query_timeout = 2000;       // milliseconds, for each of the tries
constexpr int query_tries = 2;
constexpr std::string_view service_prefix = "_sips._tcp.";

struct Library {
    Library()
    {
        if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS) throw std::bad_alloc{};
    }
};

bool nothing_there(int status) { return status == ARES_ENODATA || status == ARES_ENOTFOUND; }

Endpoint endpoint_of(const sockaddr& address, std::uint16_t port)
{
    if (address.sa_family == AF_INET) {
        sockaddr_in in{};
        std::memcpy(&in, &address, sizeof in);
        return {asio::ip::address_v4{ntohl(in.sin_addr.s_addr)}, port};
    }
    sockaddr_in6 in{};
    std::memcpy(&in, &address, sizeof in);
    asio::ip::address_v6::bytes_type bytes{};
    std::memcpy(bytes.data(), &in.sin6_addr, bytes.size());
    return {asio::ip::address_v6{bytes}, port};
}

bool usable(const Endpoint& endpoint)
{
    return !endpoint.address().is_unspecified() && !endpoint.address().is_multicast() && endpoint.port() != 0;
}

} // namespace

void order(std::vector<ServiceRecord>& records, std::mt19937& random)
{
    std::ranges::stable_sort(records, [](const auto& a, const auto& b) {
        // Records without weight first, so that they have a small chance too (RFC 2782).
        return std::pair{a.priority, a.weight != 0} < std::pair{b.priority, b.weight != 0};
    });
    for (auto from = records.begin(); from != records.end(); ++from) {
        std::uint32_t sum = 0;
        auto end = from;
        for (; end != records.end() && end->priority == from->priority; ++end) sum += end->weight;
        auto drawn = std::uniform_int_distribution<std::uint32_t>{0, sum}(random);
        auto chosen = from;
        while (chosen + 1 != end && chosen->weight < drawn) drawn -= (chosen++)->weight;
        std::rotate(from, chosen, chosen + 1);
    }
}

void throw_exception_from_error(const WayFailure&, const boost::source_location&)
{
    throw std::logic_error{"a failed search has no addresses"};
}

/// c-ares on an I/O context: its sockets are watched, its timeouts kept. Held by every query under way; `closed` once
/// the resolver is gone.
class Resolver::Channel : public std::enable_shared_from_this<Channel> {
public:
    explicit Channel(asio::io_context& context) : context_{context}, timer_{context}
    {
        static const Library library;
        ares_options options{};
        options.flags = ARES_FLAG_NOSEARCH; // a foreign name is whole: nothing of ours is put behind it
        options.timeout = query_timeout;
        options.tries = query_tries;
        options.sock_state_cb = &Channel::on_socket;
        options.sock_state_cb_data = this;
        if (ares_init_options(&ares_, &options,
                              ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB) !=
            ARES_SUCCESS)
            throw std::bad_alloc{};
    }
    ~Channel() { close(); }

    void close()
    {
        if (ares_ == nullptr) return;
        closed_ = true;
        ares_destroy(std::exchange(ares_, nullptr)); // every query ends, with ARES_EDESTRUCTION
        timer_.cancel();
    }

    /// One search for one destination; deletes itself by letting go of its own pointer.
    class Search : public std::enable_shared_from_this<Search> {
    public:
        Search(std::shared_ptr<Channel> channel, Destination destination, Done done)
            : channel_{std::move(channel)}, destination_{std::move(destination)}, done_{std::move(done)}
        {
        }

        void begin()
        {
            if (destination_.port != 0) return addresses({{.port = destination_.port, .host = destination_.host}});
            query(destination_.host, ns_t_naptr, &Search::on_naptr);
        }

    private:
        using Step = void (Search::*)(int status, const unsigned char* answer, int length);
        struct Query {
            std::shared_ptr<Search> search;
            Step step;
        };
        struct AddressQuery {
            std::shared_ptr<Search> search;
            std::size_t record;
        };

        void query(const std::string& name, int type, Step step)
        {
            auto* argument = new Query{shared_from_this(), step}; // given back by the callback, which always comes
            ares_query(
                channel_->ares_, name.c_str(), ns_c_in, type,
                [](void* raw, int status, int, unsigned char* answer, int length) {
                    const std::unique_ptr<Query> query{static_cast<Query*>(raw)};
                    if (!query->search->channel_->closed_) ((*query->search).*(query->step))(status, answer, length);
                },
                argument);
        }

        /// RFC 3263 4.1: whoever names its services and does not name SIPS over TCP is not reached over TLS.
        void on_naptr(int status, const unsigned char* answer, int length)
        {
            if (nothing_there(status)) return services(std::string{service_prefix} + destination_.host);
            ares_naptr_reply* replies = nullptr;
            if (status != ARES_SUCCESS || ares_parse_naptr_reply(answer, length, &replies) != ARES_SUCCESS)
                return finish(WayFailure::no_name);
            const ares_naptr_reply* best = nullptr;
            bool names_sip = false;
            for (const auto* reply = replies; reply != nullptr; reply = reply->next) {
                const std::string_view service{reinterpret_cast<const char*>(reply->service)};
                const std::string_view flags{reinterpret_cast<const char*>(reply->flags)};
                names_sip = names_sip || iequals(service.substr(0, 3), "SIP");
                if (!iequals(service, "SIPS+D2T") || !iequals(flags, "s")) continue;
                if (best == nullptr ||
                    std::pair{reply->order, reply->preference} < std::pair{best->order, best->preference})
                    best = reply;
            }
            const auto next = best != nullptr ? std::string{best->replacement} : std::string{};
            ares_free_data(replies);
            if (!next.empty()) return services(next);
            if (names_sip) return finish(WayFailure::no_tls);
            services(std::string{service_prefix} + destination_.host);
        }

        void services(const std::string& name) { query(name, ns_t_srv, &Search::on_srv); }

        void on_srv(int status, const unsigned char* answer, int length)
        {
            if (nothing_there(status)) return addresses({{.port = sips_port, .host = destination_.host}});
            ares_srv_reply* replies = nullptr;
            if (status != ARES_SUCCESS || ares_parse_srv_reply(answer, length, &replies) != ARES_SUCCESS)
                return finish(WayFailure::no_name);
            if (replies == nullptr) // another record under that name, as a wildcard CNAME is
                return addresses({{.port = sips_port, .host = destination_.host}});
            std::vector<ServiceRecord> records;
            for (const auto* reply = replies; reply != nullptr; reply = reply->next)
                records.push_back({reply->priority, reply->weight, reply->port, reply->host});
            ares_free_data(replies);
            // RFC 2782: a single "." says that the service is decidedly not there.
            std::erase_if(records, [](const auto& r) { return r.host.empty() || r.host == "."; });
            if (records.empty()) return finish(WayFailure::no_tls);
            order(records, channel_->random_);
            if (records.size() > most_addresses) records.resize(most_addresses); // they come in any order
            addresses(std::move(records));
        }

        void addresses(std::vector<ServiceRecord> records)
        {
            records_ = std::move(records);
            next_address();
        }

        /// The addresses of one host after the other.
        void next_address()
        {
            if (at_ == records_.size() || found_.size() >= most_addresses)
                return found_.empty() ? finish(WayFailure::no_name) : finish(std::move(found_));
            const auto record = at_++;
            ares_addrinfo_hints hints{};
            hints.ai_family = AF_UNSPEC;
            hints.ai_socktype = SOCK_STREAM;
            hints.ai_flags = ARES_AI_NOSORT;
            auto* argument = new AddressQuery{shared_from_this(), record}; // given back by the callback
            ares_getaddrinfo(
                channel_->ares_, records_[record].host.c_str(), nullptr, &hints,
                [](void* raw, int status, int, ares_addrinfo* result) {
                    const std::unique_ptr<AddressQuery> query{static_cast<AddressQuery*>(raw)};
                    auto& search = *query->search;
                    if (status == ARES_SUCCESS && result != nullptr)
                        for (const auto* node = result->nodes; node != nullptr; node = node->ai_next)
                            search.add(*node->ai_addr, search.records_[query->record].port);
                    if (result != nullptr) ares_freeaddrinfo(result);
                    if (!search.channel_->closed_) search.next_address();
                },
                argument);
        }

        void add(const sockaddr& address, std::uint16_t port)
        {
            const auto endpoint = net::endpoint_of(address, port);
            if (usable(endpoint) && std::ranges::find(found_, endpoint) == found_.end() &&
                found_.size() < most_addresses)
                found_.push_back(endpoint);
        }

        void finish(Found found)
        {
            asio::post(channel_->context_, [search = shared_from_this(), found = std::move(found)]() mutable {
                if (!search->channel_->closed_) search->done_(std::move(found));
            });
        }

        std::shared_ptr<Channel> channel_;
        Destination destination_;
        Done done_;
        std::vector<ServiceRecord> records_;
        std::size_t at_{0};
        std::vector<Endpoint> found_;
    };

    void arm_timer()
    {
        timeval span{};
        if (ares_ == nullptr || ares_timeout(ares_, nullptr, &span) == nullptr) return;
        timer_.expires_after(milliseconds{span.tv_sec * 1000 + span.tv_usec / 1000 + 1});
        timer_.async_wait([self = weak_from_this()](error_code error) {
            const auto channel = self.lock();
            if (error || !channel || channel->closed_) return;
            ares_process_fd(channel->ares_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            channel->arm_timer();
        });
    }

private:
    struct Watched {
        explicit Watched(asio::io_context& context, int descriptor) : stream{context, descriptor} {}
        asio::posix::stream_descriptor stream;
        bool wants_read{false}, wants_write{false};
        bool reading{false}, writing{false};
    };

    static void on_socket(void* self, ares_socket_t socket, int readable, int writable)
    {
        static_cast<Channel*>(self)->watch(socket, readable != 0, writable != 0);
    }

    void watch(ares_socket_t socket, bool readable, bool writable)
    {
        auto found = watched_.find(socket);
        if (!readable && !writable) { // c-ares is about to close it
            if (found == watched_.end()) return;
            found->second->stream.release();
            watched_.erase(found);
            return;
        }
        if (found == watched_.end())
            found = watched_.emplace(socket, std::make_shared<Watched>(context_, socket)).first;
        found->second->wants_read = readable;
        found->second->wants_write = writable;
        await(socket, found->second);
    }

    void await(ares_socket_t socket, const std::shared_ptr<Watched>& watched)
    {
        const auto wait = [&](bool wanted, bool& under_way, auto kind, bool reads) {
            if (!wanted || under_way) return;
            under_way = true;
            watched->stream.async_wait(
                kind, [self = weak_from_this(), keep = std::weak_ptr{watched}, socket, reads](error_code error) {
                    const auto channel = self.lock();
                    const auto still = keep.lock();
                    if (error || !channel || channel->closed_ || !still) return;
                    (reads ? still->reading : still->writing) = false;
                    ares_process_fd(channel->ares_, reads ? socket : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : socket);
                    if (const auto now = channel->watched_.find(socket);
                        now != channel->watched_.end() && now->second == still)
                        channel->await(socket, still);
                    channel->arm_timer();
                });
        };
        wait(watched->wants_read, watched->reading, asio::posix::stream_descriptor::wait_read, true);
        wait(watched->wants_write, watched->writing, asio::posix::stream_descriptor::wait_write, false);
    }

    asio::io_context& context_;
    asio::steady_timer timer_;
    ares_channel ares_{nullptr};
    bool closed_{false};
    std::map<ares_socket_t, std::shared_ptr<Watched>> watched_;
    std::mt19937 random_{std::random_device{}()};
};

Resolver::Resolver(asio::io_context& context) : channel_{std::make_shared<Channel>(context)} {}

Resolver::~Resolver() { channel_->close(); }

void Resolver::locate(const Destination& destination, Done done)
{
    std::make_shared<Channel::Search>(channel_, destination, std::move(done))->begin();
    channel_->arm_timer();
}

} // namespace sotto::net
