#pragma once
#include "core/message/message.hpp"
#include "core/message/unread.hpp"
#include "core/privacy/allow_list.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace sotto {

/// How often header fields of each name stayed behind, since the start. It tells operators what phones send, and
/// nobody who they are: names that Sotto knows are counted apart, all others together.
class DroppedHeaders {
public:
    /// Counts the fields of a message that do not go on to such a receiver.
    void count(const Message& message, Receiver receiver);
    /// Counts one that might have gone on.
    void count(Header header) { ++counts_[static_cast<std::size_t>(header)]; }
    void add(const DroppedHeaders& more);

    /// Calls `each` with every name that was dropped, and how often; the last one is "other".
    template <class Each> void for_each(Each each) const
    {
        for (std::size_t i = 0; i < counts_.size(); ++i)
            if (counts_[i] > 0) each(name_at(i), counts_[i]);
    }

private:
    static constexpr auto read = static_cast<std::size_t>(Header::count_);
    static std::string_view name_at(std::size_t index);

    std::array<std::uint64_t, read + unread_names.size() + 1> counts_{};
};

} // namespace sotto
