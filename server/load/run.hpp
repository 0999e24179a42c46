#pragma once
#include "load/bench.hpp"
#include "load/options.hpp"
#include "load/statistics.hpp"

#include <chrono>
#include <cstdint>
#include <optional>

namespace sotto::load {

/// What a run has measured, from after the preparation to the end of the last operation.
struct Measured {
    Tally tally;
    std::chrono::duration<double> lasted{0};
    std::size_t connections{0};
    std::size_t lines{0};
    std::optional<double> preparation_seconds;
    struct Server {
        double cpu_us{0};
        std::uint64_t pss_kib_before{0};
        std::uint64_t pss_kib_after{0};
        std::size_t descriptors_before{0};
        std::size_t descriptors_after{0};
        std::optional<double>
            own_kib_per_hour; ///< of its own memory, over the second half; nothing for a run of less than a minute
        std::optional<double> descriptors_per_hour;
    };
    std::optional<Server> server;
    std::optional<double> pss_kib_per_connection; ///< idle: the slope
    std::optional<double> back_after_seconds;     ///< storm: until the last line was registered again
};

/// Runs one profile to its end. Throws std::runtime_error or std::invalid_argument when it cannot start.
Measured run(const Options& options);

} // namespace sotto::load
