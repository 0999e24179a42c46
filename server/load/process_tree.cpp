#include "load/process_tree.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>

namespace sotto::load {
namespace {

std::string directory(pid_t pid) { return "/proc/" + std::to_string(pid); }

/// proc(5): the command may hold blanks and brackets, so the fields are counted from the last bracket on.
std::optional<pid_t> parent_of(pid_t pid)
{
    std::ifstream file{directory(pid) + "/stat"};
    std::string line;
    if (!std::getline(file, line)) return std::nullopt;
    const auto bracket = line.rfind(')');
    if (bracket == std::string::npos) return std::nullopt;
    std::istringstream fields{line.substr(bracket + 1)};
    std::string state;
    pid_t parent = 0;
    if (!(fields >> state >> parent)) return std::nullopt;
    return parent;
}

/// Nothing when the process is gone.
std::chrono::nanoseconds cpu_of(pid_t pid)
{
    clockid_t clock{};
    timespec used{};
    if (clock_getcpuclockid(pid, &clock) != 0 || clock_gettime(clock, &used) != 0) return {};
    return std::chrono::seconds{used.tv_sec} + std::chrono::nanoseconds{used.tv_nsec};
}

} // namespace

bool ProcessTree::alive() const { return parent_of(root_).has_value(); }

std::vector<pid_t> ProcessTree::members() const
{
    std::multimap<pid_t, pid_t> children;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator{"/proc", ignored}) {
        const auto name = entry.path().filename().string();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
        if (error != std::errc{} || end != name.data() + name.size()) continue;
        if (const auto parent = parent_of(pid)) children.emplace(*parent, pid);
    }
    std::vector<pid_t> tree{root_};
    for (std::size_t next = 0; next < tree.size(); ++next) {
        const auto [first, last] = children.equal_range(tree[next]);
        for (auto child = first; child != last; ++child) tree.push_back(child->second);
    }
    return tree;
}

std::chrono::microseconds ProcessTree::cpu() const
{
    std::chrono::nanoseconds sum{};
    for (const auto pid : members()) sum += cpu_of(pid);
    return std::chrono::duration_cast<std::chrono::microseconds>(sum);
}

std::uint64_t ProcessTree::pss_kib() const { return sum_of({"Pss:"}); }

std::uint64_t ProcessTree::own_kib() const { return sum_of({"Pss_Anon:", "Pss_Shmem:"}); }

std::uint64_t ProcessTree::sum_of(std::initializer_list<std::string_view> fields) const
{
    std::uint64_t sum = 0;
    for (const auto pid : members()) {
        std::ifstream file{directory(pid) + "/smaps_rollup"};
        for (std::string word; file >> word;) {
            if (std::ranges::find(fields, word) == fields.end()) continue;
            std::uint64_t kib = 0;
            file >> kib;
            sum += kib;
        }
    }
    return sum;
}

std::size_t ProcessTree::descriptors() const
{
    std::size_t sum = 0;
    for (const auto pid : members()) {
        std::error_code denied;
        const std::filesystem::directory_iterator open{directory(pid) + "/fd", denied};
        if (!denied) sum += static_cast<std::size_t>(std::distance(begin(open), end(open)));
    }
    return sum;
}

} // namespace sotto::load
