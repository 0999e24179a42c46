#include "store/ledger/needles.hpp"

#include "core/types/cryptography.hpp"

#include <algorithm>
#include <cctype>
#include <cstring>

namespace sotto::test {
namespace {

/// The characters that `secret` alone decides, when `before` bytes stand before it in what is encoded.
std::string base64_after(std::size_t before, std::string_view secret)
{
    const auto text = std::string(before, '\0').append(secret);
    const auto whole = base64url({reinterpret_cast<const std::uint8_t*>(text.data()), text.size()});
    constexpr std::size_t bits = 6;
    const auto first = (before * 8 + bits - 1) / bits;
    return whole.substr(first, text.size() * 8 / bits - first);
}

} // namespace

std::string hex(std::string_view bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const char c : bytes) {
        out += digits[static_cast<unsigned char>(c) >> 4U];
        out += digits[static_cast<unsigned char>(c) & 15U];
    }
    return out;
}

void Needles::add(std::string_view secret)
{
    add_spelling(std::string{secret});
    auto digits = hex(secret);
    add_spelling(digits);
    std::ranges::transform(digits, digits.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
    add_spelling(digits);
    for (std::size_t before = 0; before < 3; ++before) {
        auto text = base64_after(before, secret);
        add_spelling(text);
        std::ranges::replace(text, '-', '+');
        std::ranges::replace(text, '_', '/');
        add_spelling(text);
    }
}

/// By its first four bytes.
std::size_t Needles::start_of(const char* text)
{
    std::uint32_t first = 0;
    std::memcpy(&first, text, sizeof first);
    return (first * 2'654'435'761U) >> (32U - start_bits);
}

void Needles::add_spelling(std::string spelling)
{
    if (set_.contains(spelling)) return;
    const std::string_view needle = all_.emplace_back(std::move(spelling));
    set_.insert(needle);
    const auto known = std::ranges::find(lengths_, needle.size());
    const auto at = known - lengths_.begin();
    if (known == lengths_.end()) lengths_.push_back(needle.size());
    starts_[start_of(needle.data())] |= std::uint64_t{1} << static_cast<unsigned>(at);
}

std::string_view Needles::found_in(std::string_view disk) const
{
    constexpr std::size_t shortest = 4;
    const auto* const starts = starts_.data();
    const auto* const begin = disk.data();
    for (std::size_t at = 0; at + shortest <= disk.size(); ++at) {
        const auto possible = starts[start_of(begin + at)];
        if (possible == 0) continue;
        for (std::size_t i = 0; i < lengths_.size(); ++i) {
            if ((possible >> i & 1U) == 0 || at + lengths_[i] > disk.size()) continue;
            if (const auto found = set_.find(disk.substr(at, lengths_[i])); found != set_.end()) return *found;
        }
    }
    return {};
}

} // namespace sotto::test
