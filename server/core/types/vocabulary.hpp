#pragma once
#include "core/types/ascii.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace sotto {

enum class Case : std::uint8_t { ignored, matters };

/// Words known at compile time, found by one look into a table of `slots` places and, usually, one
/// comparison: asked for the name of every line, and every element of the lists in a message. Less than 255 words, and
/// fewer than `slots`.
template <std::size_t slots, Case letters = Case::ignored> class Vocabulary {
public:
    /// `words` outlives it.
    consteval explicit Vocabulary(std::span<const std::string_view> words) : words_{words}
    {
        places_.fill(empty);
        for (std::size_t i = 0; i < words.size(); ++i) {
            auto slot = slot_of(words[i]);
            while (places_[slot] != empty) slot = next(slot);
            places_[slot] = static_cast<std::uint8_t>(i);
        }
    }

    [[nodiscard]] constexpr auto begin() const { return words_.begin(); }
    [[nodiscard]] constexpr auto end() const { return words_.end(); }
    [[nodiscard]] constexpr std::size_t size() const { return words_.size(); }
    constexpr std::string_view operator[](std::size_t place) const { return words_[place]; }
    /// The word's place; their number when it is none of them.
    [[nodiscard]] constexpr std::size_t find(std::string_view word) const
    {
        if (word.empty()) return words_.size();
        for (auto slot = slot_of(word); places_[slot] != empty; slot = next(slot))
            if (same(words_[places_[slot]], word)) return places_[slot];
        return words_.size();
    }

    [[nodiscard]] constexpr bool holds(std::string_view word) const { return find(word) != words_.size(); }

private:
    static constexpr std::uint8_t empty = 0xFF;
    static constexpr bool same(std::string_view known, std::string_view word)
    {
        return letters == Case::matters ? known == word : iequals(known, word);
    }
    static constexpr std::size_t next(std::size_t slot) { return (slot + 1) % slots; }
    /// Length and three letters nearly tell the words of a list apart; collisions go to the next free place.
    static constexpr std::size_t slot_of(std::string_view word)
    {
        const auto letter = [&](std::size_t at) {
            return static_cast<std::size_t>(static_cast<unsigned char>(to_lower(word[at])));
        };
        return (word.size() * 7 + letter(0) * 19 + letter(word.size() / 2) * 5 + letter(word.size() - 1) * 11) % slots;
    }

    std::span<const std::string_view> words_;
    std::array<std::uint8_t, slots> places_{};
};

} // namespace sotto
