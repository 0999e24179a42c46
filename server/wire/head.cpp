#include "wire/head.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <utility>

namespace sotto::wire {
namespace {

constexpr std::size_t vector_size = 16;
using Bytes = std::uint8_t __attribute__((vector_size(vector_size)));

Bytes load(const char* from)
{
    Bytes bytes;
    std::memcpy(&bytes, from, sizeof bytes);
    return bytes;
}

std::size_t sum(Bytes bytes)
{
    std::size_t sum = 0;
    for (std::size_t i = 0; i < sizeof bytes; ++i) sum += bytes[i];
    return sum;
}

bool any(Bytes bytes)
{
    std::array<std::uint64_t, 2> halves;
    std::memcpy(halves.data(), &bytes, sizeof bytes);
    return (halves[0] | halves[1]) != 0;
}

struct Census {
    bool malformed{false}; ///< a control character that does not belong there, or half a line end
    bool folded{false};
    std::size_t lines{0};
    std::size_t commas{0};
};

/// What is counted so far. A byte of a vector that compares true is all ones, and so counts as -1.
struct Tally {
    Bytes malformed{};
    Bytes folded{};
    Bytes lines{};
    Bytes commas{};

    /// As many bytes as a vector has; the byte before them is there, too.
    void take(const char* from)
    {
        const auto bytes = load(from);
        const auto before = load(from - 1);
        const auto tab = Bytes(bytes == '\t');
        const auto line_feed = Bytes(bytes == '\n');
        const auto control = Bytes(bytes < 32) | Bytes(bytes == 127);
        malformed |= (control & ~(tab | line_feed | Bytes(bytes == '\r'))) | (line_feed ^ Bytes(before == '\r'));
        folded |= Bytes(before == '\n') & (tab | Bytes(bytes == ' '));
        lines -= line_feed;
        commas -= Bytes(bytes == ',');
    }
};

void add(const Tally& tally, Census& census)
{
    census.malformed |= any(tally.malformed);
    census.folded |= any(tally.folded);
    census.lines += sum(tally.lines);
    census.commas += sum(tally.commas);
}

// An end of a head, where there is no whole vector or no byte before it: what is missing is as a letter.
void take_part(char before, std::string_view part, Tally& tally)
{
    std::array<char, 1 + vector_size> whole;
    whole.fill('x');
    whole.front() = before;
    std::ranges::copy(part, whole.begin() + 1);
    tally.take(whole.data() + 1);
}

// It sees every byte of every head: whole vectors, each beside the same one byte earlier, and no branches.
Census count(std::string_view head)
{
    constexpr std::size_t at_once = 250 * vector_size; // with both ends no byte of a tally overflows
    Census census;
    Tally tally;
    take_part('x', head.substr(0, vector_size), tally);
    auto from = vector_size;
    while (from + vector_size <= head.size()) {
        const auto until = std::min(head.size() - vector_size, from + at_once);
        for (; from <= until; from += vector_size) tally.take(head.data() + from);
        if (from + vector_size <= head.size()) add(std::exchange(tally, {}), census);
    }
    if (head.size() >= vector_size) take_part(head[from - 1], head.substr(from), tally);
    add(tally, census);
    return census;
}

bool has_line_longer_than(std::size_t limit, std::string_view head)
{
    if (head.size() <= limit) return false;
    while (!head.empty())
        if (take_line(head).size() > limit) return true;
    return false;
}

} // namespace

std::string_view take_line(std::string_view& head)
{
    std::size_t behind = 0;
    do {
        const auto end = head.find('\n', behind);
        if (end == std::string_view::npos) return std::exchange(head, {});
        behind = end + 1;
    } while (behind < head.size() && is(In::blank, head[behind])); // a fold
    const auto line = head.substr(0, behind - 2);
    head.remove_prefix(behind);
    return line;
}

std::optional<HeaderLine> split(std::string_view line)
{
    const char* const end = line.data() + line.size();
    const char* at = line.data();
    while (at != end && is(In::token, *at)) ++at;
    const std::string_view name{line.data(), at};
    while (at != end && is(In::blank, *at)) ++at;
    if (name.empty() || at == end || *at != ':') return std::nullopt;
    return HeaderLine{name, trim({at + 1, end})};
}

Examined examine(std::string_view head, const Limits& limits)
{
    const auto census = count(head);
    Examined examined{.folded = census.folded};
    if (census.malformed)
        examined.fault = Refusal::malformed_header;
    else if (head.size() > limits.head || census.lines > limits.lines || census.commas > limits.commas ||
             has_line_longer_than(limits.line, head))
        examined.fault = Refusal::header_too_large;
    return examined;
}

} // namespace sotto::wire
