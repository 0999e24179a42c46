#pragma once
#include "core/types/ascii.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// Text that is put together to be hashed, on the stack; only what is longer than usual costs an allocation. What stood
/// there is overwritten at the end.
class HashedText {
public:
    HashedText() = default;
    ~HashedText() { ::explicit_bzero(short_.data(), size_); }
    HashedText(const HashedText&) = delete;
    HashedText& operator=(const HashedText&) = delete;

    HashedText& add(std::string_view part)
    {
        auto* const to = make_room(part.size());
        if (!part.empty()) std::memcpy(to, part.data(), part.size());
        return *this;
    }
    HashedText& add_lower(std::string_view part)
    {
        auto* to = make_room(part.size());
        for (const char c : part) *to++ = to_lower(c);
        return *this;
    }
    HashedText& add_number(std::uint64_t number)
    {
        std::array<char, 20> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    /// Two lower-case hexadecimal digits for each byte.
    HashedText& add_hex(std::span<const std::uint8_t> bytes)
    {
        auto* to = make_room(bytes.size() * 2);
        const auto digit = [](int value) { return static_cast<char>(value + (value < 10 ? '0' : 'a' - 10)); };
        for (const auto byte : bytes) {
            *to++ = digit(byte >> 4);
            *to++ = digit(byte & 15);
        }
        return *this;
    }
    /// The bytes of a number or a hash.
    template <class Value> HashedText& add_raw(const Value& value)
    {
        return add({reinterpret_cast<const char*>(&value), sizeof value});
    }

    [[nodiscard]] std::string_view view() const
    {
        return long_.empty() ? std::string_view{short_.data(), size_} : std::string_view{long_};
    }

private:
    /// Where the next `size` characters go.
    char* make_room(std::size_t size)
    {
        if (long_.empty() && size <= short_.size() - size_) {
            size_ += size;
            return short_.data() + size_ - size;
        }
        if (long_.empty()) long_.assign(short_.data(), size_);
        long_.resize(long_.size() + size);
        return long_.data() + long_.size() - size;
    }

    std::array<char, 256> short_;
    std::size_t size_{0}; ///< in `short_`
    std::string long_;
};

} // namespace sotto
