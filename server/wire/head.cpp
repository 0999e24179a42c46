#include "wire/head.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"

#include <cstdint>

namespace sotto::wire {
namespace {

struct Census {
    std::size_t controls{0}; ///< other than TAB, CR and LF
    std::size_t carriage_returns{0};
    std::size_t line_feeds{0};
    std::size_t line_ends{0}; ///< LF right behind CR
    std::size_t commas{0};
};

// It sees every byte of every head twice (framer and parser): byte-sized counters and no branches make vector code of
// it.
Census count(std::string_view head)
{
    constexpr std::size_t block_size = 240; // whole vectors, and no counter overflows
    Census census;
    for (std::size_t from = 0; from < head.size(); from += block_size) {
        const auto block = head.substr(from, block_size);
        std::uint8_t low = 0;
        std::uint8_t deletes = 0;
        std::uint8_t tabs = 0;
        std::uint8_t carriage_returns = 0;
        std::uint8_t line_feeds = 0;
        std::uint8_t commas = 0;
        for (const char c : block) {
            const auto byte = static_cast<std::uint8_t>(c);
            low = static_cast<std::uint8_t>(low + (byte < 32));
            deletes = static_cast<std::uint8_t>(deletes + (byte == 127));
            tabs = static_cast<std::uint8_t>(tabs + (byte == '\t'));
            carriage_returns = static_cast<std::uint8_t>(carriage_returns + (byte == '\r'));
            line_feeds = static_cast<std::uint8_t>(line_feeds + (byte == '\n'));
            commas = static_cast<std::uint8_t>(commas + (byte == ','));
        }
        std::uint8_t line_ends = 0;
        const auto with_next = head.substr(from, block_size + 1);
        for (std::size_t i = 0; i + 1 < with_next.size(); ++i)
            line_ends =
                static_cast<std::uint8_t>(line_ends + (int{with_next[i] == '\r'} & int{with_next[i + 1] == '\n'}));
        census.controls += static_cast<std::size_t>(low + deletes - tabs - carriage_returns - line_feeds);
        census.carriage_returns += carriage_returns;
        census.line_feeds += line_feeds;
        census.line_ends += line_ends;
        census.commas += commas;
    }
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

bool has_fold(std::string_view head)
{
    std::uint8_t folds = 0;
    for (std::size_t i = 0; i + 1 < head.size(); ++i)
        folds |= static_cast<std::uint8_t>(int{head[i] == '\n'} & (int{head[i + 1] == ' '} | int{head[i + 1] == '\t'}));
    return folds != 0;
}

std::string_view take_line(std::string_view& head)
{
    std::size_t at = 0;
    for (;;) {
        at = head.find("\r\n", at);
        if (at == std::string_view::npos) {
            const auto line = head;
            head = {};
            return line;
        }
        const bool folded = at + 2 < head.size() && (head[at + 2] == ' ' || head[at + 2] == '\t');
        if (!folded) break;
        at += 2;
    }
    const auto line = head.substr(0, at);
    head.remove_prefix(at + 2);
    return line;
}

std::optional<HeaderLine> split(std::string_view line)
{
    const auto colon = line.find(':');
    if (colon == std::string_view::npos) return std::nullopt;
    auto name = line.substr(0, colon);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    if (!all(In::token, name)) return std::nullopt;
    return HeaderLine{name, trim(line.substr(colon + 1))};
}

std::optional<Refusal> fault_of(std::string_view head, const Limits& limits)
{
    const auto census = count(head);
    if (census.controls != 0 || census.carriage_returns != census.line_ends || census.line_feeds != census.line_ends)
        return Refusal::malformed_header;
    if (head.size() > limits.head || census.line_feeds > limits.lines || census.commas > limits.commas ||
        has_line_longer_than(limits.line, head))
        return Refusal::header_too_large;
    return std::nullopt;
}

} // namespace sotto::wire
