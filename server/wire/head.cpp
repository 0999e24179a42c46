#include "wire/head.hpp"

#include "core/types/ascii.hpp"
#include "wire/characters.hpp"

#include <cstring>

namespace sotto::wire {
namespace {

struct Census {
    std::size_t controls{0}; ///< other than TAB, CR and LF
    std::size_t carriage_returns{0};
    std::size_t line_feeds{0};
    std::size_t commas{0};
};

// Branch-free, so that the compiler makes vector code of it: it sees every byte of every head.
Census count(std::string_view head)
{
    Census census;
    for (const char c : head) {
        const auto byte = static_cast<unsigned char>(c);
        census.controls += static_cast<std::size_t>(byte < 32) + static_cast<std::size_t>(byte == 127) -
                           static_cast<std::size_t>(byte == '\t') - static_cast<std::size_t>(byte == '\r') -
                           static_cast<std::size_t>(byte == '\n');
        census.carriage_returns += static_cast<std::size_t>(byte == '\r');
        census.line_feeds += static_cast<std::size_t>(byte == '\n');
        census.commas += static_cast<std::size_t>(byte == ',');
    }
    return census;
}

} // namespace

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
    if (census.controls != 0 || census.carriage_returns != census.line_feeds) return Refusal::malformed_header;
    if (head.size() > limits.head || census.line_feeds > limits.lines || census.commas > limits.commas)
        return Refusal::header_too_large;
    // As many CR as LF, and every LF has its own CR before it: none stands alone.
    for (auto rest = head; !rest.empty();) {
        const auto line = take_line(rest);
        if (line.size() > limits.line) return Refusal::header_too_large;
    }
    for (std::size_t at = head.find('\n'); at != std::string_view::npos; at = head.find('\n', at + 1))
        if (at == 0 || head[at - 1] != '\r') return Refusal::malformed_header;
    return std::nullopt;
}

} // namespace sotto::wire
