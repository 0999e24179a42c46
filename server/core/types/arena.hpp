#pragma once
#include <boost/container/small_vector.hpp>

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace sotto {

/// Memory that lives and dies with one message. Nothing is freed singly; the process's allocator wipes it on release.
class Arena {
public:
    explicit Arena(std::size_t first_block) { grow(first_block); }
    Arena(Arena&&) noexcept = default;
    Arena& operator=(Arena&&) noexcept = default;

    /// A copy that lives as long as the arena.
    std::string_view copy(std::string_view text)
    {
        if (text.empty()) return {};
        char* to = take(text.size(), 1);
        std::memcpy(to, text.data(), text.size());
        return {to, text.size()};
    }

    template <class T> std::span<T> array(std::size_t count)
    {
        static_assert(std::is_trivially_destructible_v<T>);
        if (count == 0) return {};
        T* first = reinterpret_cast<T*>(take(count * sizeof(T), alignof(T)));
        std::uninitialized_default_construct_n(first, count);
        return {first, count};
    }

    template <class T> std::span<const T> copy(std::span<const T> from)
    {
        auto to = array<T>(from.size());
        std::copy(from.begin(), from.end(), to.begin());
        return to;
    }

private:
    char* take(std::size_t size, std::size_t alignment)
    {
        auto start = (used_ + alignment - 1) & ~(alignment - 1);
        if (start + size > capacity_) {
            grow(size + alignment);
            start = 0;
        }
        used_ = start + size;
        return blocks_.back().get() + start;
    }
    void grow(std::size_t at_least)
    {
        capacity_ = std::max<std::size_t>(at_least, capacity_ * 2);
        blocks_.push_back(std::make_unique_for_overwrite<char[]>(capacity_));
        used_ = 0;
    }

    boost::container::small_vector<std::unique_ptr<char[]>, 2> blocks_; ///< a second one is rare
    std::size_t capacity_{0};
    std::size_t used_{0};
};

} // namespace sotto
