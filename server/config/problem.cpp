#include "config/problem.hpp"

#include <algorithm>
#include <limits>
#include <numeric>

namespace sotto::config {
namespace {

/// Insertions, deletions and replacements between two words (Levenshtein).
std::size_t distance(const std::string& from, const std::string& to)
{
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t j = 0; j < to.size(); ++j) {
            const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
            diagonal = row[j + 1];
            row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
        }
    }
    return row.back();
}

} // namespace

std::string to_string(const Problem& problem)
{
    std::string text = problem.file;
    if (problem.line > 0) text += ":" + std::to_string(problem.line) + ":" + std::to_string(problem.column);
    text += ": ";
    if (!problem.key.empty()) text += problem.key + ": ";
    text += problem.what;
    if (!problem.remedy.empty()) text += "; " + problem.remedy;
    // A key is shown as it was written, and may have been anything: one line stays one line.
    std::ranges::replace_if(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

bool may_identify(std::string_view text)
{
    constexpr auto shortest = 6; // of a number that is called; with blanks and the like between its digits
    auto digits = 0;
    for (const char c : text) {
        if (c == '@') return true;
        if (c >= '0' && c <= '9')
            ++digits;
        else if (std::string_view{" +-/()"}.find(c) == std::string_view::npos)
            digits = 0;
        if (digits == shortest) return true;
    }
    return false;
}

std::string as_written(std::string_view text)
{
    constexpr std::size_t most = 40;
    if (may_identify(text)) return "this";
    return "\"" + std::string{text.substr(0, most)} + (text.size() > most ? "...\"" : "\"");
}

std::string nearest(const std::string& word, const std::vector<std::string>& candidates)
{
    std::string best;
    std::size_t least = std::numeric_limits<std::size_t>::max();
    for (const auto& candidate : candidates) {
        const std::size_t found = distance(word, candidate);
        const std::size_t tolerated = std::max<std::size_t>(1, std::max(word.size(), candidate.size()) * 2 / 5);
        if (found <= tolerated && found < least) {
            best = candidate;
            least = found;
        }
    }
    return best;
}

} // namespace sotto::config
