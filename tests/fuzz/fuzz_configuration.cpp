// Any bytes as a configuration file.
// - it is read or refused, and whoever must mend it is told where in the file and how, in one line that quotes nobody's
// address;
// - what was accepted serves at least one domain, and can be used by all parts;
// - the same text says the same.
#include "config/check.hpp"
#include "config/difference.hpp"
#include "config/load.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <cstdint>
#include <string>

using namespace sotto;
using fuzz::require;

namespace {

/// A line and a column that the text has, or the place behind its end; nowhere, when it is about what is not there.
void check_place(const std::string& text, const config::Problem& problem)
{
    if (problem.line == 0) return require(problem.column == 0, "nowhere is no column");
    require(problem.line >= 1 && problem.column >= 1, "places count from 1");
    require(problem.line <= 1 + std::ranges::count_if(text, [](char c) { return c == '\n' || c == '\r'; }),
            "a line is one of the file");
    require(static_cast<std::size_t>(problem.column) <= text.size() + 1, "a column is one of the file");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto loaded = config::load_text(text, "/etc/sotto/sotto.yaml");
    for (const auto& problem : loaded.problems) {
        require(!problem.what.empty(), "a problem says what is wrong");
        require(!problem.remedy.empty(), "a problem says what would be right");
        check_place(text, problem);
        const auto sentence = config::to_string(problem);
        require(sentence.starts_with("/etc/sotto/sotto.yaml"), "a problem names the file");
        require(sentence.find_first_of("\r\n") == std::string::npos, "a problem is one line");
        require((problem.key + problem.what).find('@') == std::string::npos, "a problem quotes no address");
    }
    const auto again = config::load_text(text, "/etc/sotto/sotto.yaml");
    require(again.problems == loaded.problems, "the same text is refused alike");
    if (!loaded.good()) return 0;
    require(!loaded.settings.domains.empty(), "something is served");
    const auto core = loaded.settings.core();
    require(core.domains.size() == loaded.settings.domains.size(), "the core serves the same");
    for (const auto& sentence : config::weakenings(loaded.settings)) require(!sentence.empty(), "a weakening is named");
    require(config::differences(loaded.settings, again.settings).empty(), "the same text says the same");
    return 0;
}
