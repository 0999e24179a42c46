#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace sotto::test {

/// What must not be found on a disk, in the spellings in which a program might have left it there: as it is, in
/// hexadecimal digits of either case, and in base64 of either alphabet, wherever it stands among the bytes that were
/// encoded.
class Needles {
public:
    /// At least 6 bytes: shorter ones are found by chance.
    void add(std::string_view secret);
    /// One of those that stand in `disk`; empty: none does.
    [[nodiscard]] std::string_view found_in(std::string_view disk) const;

private:
    /// As many starts are told apart: most places of a disk are the start of no needle.
    static constexpr unsigned start_bits = 20;

    void add_spelling(std::string spelling);
    static std::size_t start_of(const char* text);

    std::deque<std::string> all_;
    std::unordered_set<std::string_view> set_;
    std::vector<std::size_t> lengths_;                                                 ///< at most 64
    std::vector<std::uint64_t> starts_ = std::vector<std::uint64_t>(1U << start_bits); ///< which lengths begin so
};

std::string hex(std::string_view bytes);

} // namespace sotto::test
