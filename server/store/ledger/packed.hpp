#pragma once
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::store {

/// Of dialled numbers, and of those whose last digits are hidden.
inline constexpr std::string_view dialled_signs = "0123456789+x*#-.";
inline constexpr std::uint8_t dialled_as_text = 0x80;

/// Numbers and short texts one after the other, filled up so that the length tells little. For what is sealed next.
class Packer {
public:
    Packer() { bytes_.reserve(usual); }
    /// Seven bits to a byte, the lowest first; the last byte has no high bit.
    void number(std::uint64_t value)
    {
        for (; value >= 0x80; value >>= 7U) bytes_.push_back(static_cast<std::uint8_t>(value | 0x80U));
        bytes_.push_back(static_cast<std::uint8_t>(value));
    }
    /// Four bytes.
    void word(std::uint32_t value)
    {
        for (unsigned shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<std::uint8_t>(value >> shift));
    }
    /// What is mostly digits, two to a byte; anything else as text. At most 127 characters; the rest is cut.
    void dialled(std::string_view value)
    {
        value = value.substr(0, 127);
        if (value.find_first_not_of(dialled_signs) != std::string_view::npos) {
            bytes_.push_back(dialled_as_text);
            return text(value);
        }
        bytes_.push_back(static_cast<std::uint8_t>(value.size()));
        for (std::size_t at = 0; at < value.size(); ++at) {
            const auto sign = static_cast<std::uint8_t>(dialled_signs.find(value[at]));
            if (at % 2 == 0)
                bytes_.push_back(sign);
            else
                bytes_.back() |= static_cast<std::uint8_t>(sign << 4U);
        }
    }
    /// At most 255 bytes; the rest is cut.
    void text(std::string_view value)
    {
        value = value.substr(0, 255);
        bytes_.push_back(static_cast<std::uint8_t>(value.size()));
        bytes_.insert(bytes_.end(), value.begin(), value.end());
    }
    std::vector<std::uint8_t> filled(std::size_t multiple)
    {
        bytes_.resize((bytes_.size() + multiple - 1) / multiple * multiple);
        return std::move(bytes_);
    }

private:
    static constexpr std::size_t usual = 80; ///< bytes, which few records exceed
    std::vector<std::uint8_t> bytes_;
};

/// Reads it back. What is not there reads as zeros and nothing.
class Unpacker {
public:
    explicit Unpacker(std::span<const std::uint8_t> bytes) : rest_{bytes} {}
    std::uint64_t number()
    {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto next = byte();
            value |= std::uint64_t{next & 0x7FU} << shift;
            if (next < 0x80) break;
        }
        return value;
    }
    std::uint32_t word()
    {
        std::uint32_t value = 0;
        for (unsigned shift = 0; shift < 32; shift += 8) value |= std::uint32_t{byte()} << shift;
        return value;
    }
    std::string dialled()
    {
        const auto size = byte();
        if (size >= dialled_as_text) return text().substr(0, 127);
        std::string value;
        for (std::uint8_t pair = 0; value.size() < size; pair = static_cast<std::uint8_t>(pair >> 4U)) {
            if (value.size() % 2 == 0) pair = byte();
            value += dialled_signs[pair & 15U];
        }
        return value;
    }
    std::string text()
    {
        const std::size_t size = std::min<std::size_t>(byte(), rest_.size());
        std::string value{reinterpret_cast<const char*>(rest_.data()), size};
        rest_ = rest_.subspan(size);
        return value;
    }

private:
    std::uint8_t byte()
    {
        if (rest_.empty()) return 0;
        const auto value = rest_.front();
        rest_ = rest_.subspan(1);
        return value;
    }
    std::span<const std::uint8_t> rest_;
};

} // namespace sotto::store
