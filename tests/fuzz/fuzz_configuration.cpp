// Any bytes as a configuration file.
// - it is read or refused, and whoever must mend it is told where and how, in one line;
// - what was accepted serves at least one domain, and can be used by all parts.
#include "config/check.hpp"
#include "config/load.hpp"
#include "fuzz/require.hpp"

#include <cstdint>

using namespace sotto;
using fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto loaded = config::load_text(text, "/etc/sotto/sotto.yaml");
    for (const auto& problem : loaded.problems) {
        require(!problem.what.empty(), "a problem says what is wrong");
        require(problem.line >= 0 && problem.column >= 0, "a place is in the file or nowhere");
        const auto sentence = config::to_string(problem);
        require(sentence.starts_with("/etc/sotto/sotto.yaml"), "a problem names the file");
        require(sentence.find('\n') == std::string::npos, "a problem is one line");
    }
    if (!loaded.good()) return 0;
    require(!loaded.settings.domains.empty(), "something is served");
    const auto core = loaded.settings.core();
    require(core.domains.size() == loaded.settings.domains.size(), "the core serves the same");
    for (const auto& sentence : config::weakenings(loaded.settings)) require(!sentence.empty(), "a weakening is named");
    require(config::load_text(text, "/etc/sotto/sotto.yaml").settings.limits == loaded.settings.limits,
            "the same text says the same");
    return 0;
}
