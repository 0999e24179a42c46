#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace sotto::load {

/// What a server and all processes it has started use, read from /proc. Processes that end between two readings are
/// lost from the second; the servers measured here keep theirs.
class ProcessTree {
public:
    explicit ProcessTree(pid_t root) : root_{root} {}

    bool alive() const;
    /// CPU time of all threads, user and system, as the scheduler counts it (finer than its ticks).
    std::chrono::microseconds cpu() const;
    /// Proportional set size: private memory plus the fair share of what is shared. Needs permission to read
    /// smaps_rollup.
    std::uint64_t pss_kib() const;
    /// Without the pages of programs and libraries, whose share grows when another process that uses them ends.
    std::uint64_t own_kib() const;
    std::size_t descriptors() const;

private:
    std::vector<pid_t> members() const;
    std::uint64_t sum_of(std::initializer_list<std::string_view> fields) const;
    pid_t root_;
};

} // namespace sotto::load
