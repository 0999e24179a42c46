#pragma once
#include "load/loop.hpp"
#include "load/options.hpp"
#include "load/statistics.hpp"
#include "load/tls_connection.hpp"

#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace sotto::load {

struct Reply;

/// What all phones of a run share.
class Bench {
public:
    explicit Bench(const Options& options);

    const Options options;
    const std::string domain;
    Loop loop;
    TlsClient client;
    Tally tally;

    std::string token(std::size_t characters); ///< random lower-case hexadecimal
    std::uint64_t next_branch() { return branch_ += 2; }
    std::uint64_t next_connection() { return connection_++; }

    /// Counts the answer; true when its status is one of the two wanted. Anything else is an error or, under expected
    /// overload, refused.
    bool expect(const Reply& reply, std::string_view method, int wanted, int or_wanted = 0);
    /// So many errors that going on would only hammer a broken server.
    bool hopeless() const { return errors_seen_ > 1000; }
    void error(const std::string& kind)
    {
        ++errors_seen_;
        tally.error(kind);
    }

private:
    std::mt19937_64 random_;
    std::uint64_t branch_;
    std::uint64_t connection_{0};
    std::uint64_t errors_seen_{0};
};

} // namespace sotto::load
