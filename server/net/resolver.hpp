#pragma once
#include "core/routing/route.hpp"
#include "core/types/time.hpp"
#include "net/asio.hpp"
#include "net/way.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <functional>
#include <memory>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace sotto::net {

/// One SRV record (RFC 2782).
struct ServiceRecord {
    std::uint16_t priority{0};
    std::uint16_t weight{0};
    std::uint16_t port{0};
    std::string host;
};

/// In the order in which RFC 2782 would have them tried: by priority, among equals at random by weight.
void order(std::vector<ServiceRecord>& records, std::mt19937& random);

/// Finds the addresses at which a domain is reached over TLS (RFC 3263 4): NAPTR for SIPS, then SRV _sips._tcp, then
/// A and AAAA with port 5061; a name with a port by its addresses only. Asks the system's name servers, by c-ares. Only
/// on the thread of its I/O context.
class Resolver {
public:
    using Found = boost::system::result<std::vector<Endpoint>, WayFailure>;
    using Done = std::function<void(Found)>;

    explicit Resolver(asio::io_context& context);
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// `done` runs later, never within the call, and not at all once the resolver is destroyed.
    void locate(const Destination& destination, Done done);

    static constexpr std::size_t most_addresses = 8; ///< of one destination; a liar could name thousands

private:
    class Channel;
    std::shared_ptr<Channel> channel_;
};

/// For boost::system::result: asking a failed search for its addresses is our own bug.
[[noreturn]] void throw_exception_from_error(const WayFailure& failure, const boost::source_location& where);

} // namespace sotto::net
