#pragma once
#include "core/message/message.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::trace {

/// One message between a device of the traced account and Sotto, with numbers in place of whatever identifies.
struct Rung {
    milliseconds at{0};      ///< since the trace began
    std::uint32_t device{1}; ///< connections, in the order in which they were seen
    std::uint32_t call{1};   ///< Call-IDs, likewise
    bool to_sotto{true};
    std::string message; ///< "INVITE", "180 (INVITE)": words and numbers of RFC 3261 only
};

/// The ladder diagram of one account's messages. Keeps no byte of them. Pure; one thread at a time.
class Ladder {
public:
    static constexpr std::size_t most_rungs = 2000;

    explicit Ladder(TimePoint start) : start_{start} {}

    void received(FlowId flow, const Message& message, TimePoint now);
    /// `bytes` as they are written: a message of ours, in our one shape.
    void sent(FlowId flow, std::string_view bytes, TimePoint now);

    [[nodiscard]] const std::vector<Rung>& rungs() const { return rungs_; }
    /// More happened than is kept.
    [[nodiscard]] bool full() const { return rungs_.size() == most_rungs; }

private:
    void add(FlowId flow, std::string_view call_id, bool to_sotto, std::string message, TimePoint now);

    TimePoint start_;
    std::map<FlowId, std::uint32_t> devices_;
    std::map<std::size_t, std::uint32_t> calls_; ///< by a hash
    std::vector<Rung> rungs_;
};

} // namespace sotto::trace
