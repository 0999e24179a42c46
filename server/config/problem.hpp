#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sotto::config {

/// Where something stands in the configuration file. Both count from 1; 0: nowhere in particular.
struct Place {
    int line{0};
    int column{0};
    bool operator==(const Place&) const = default;
};

/// One thing that is wrong with the configuration. Never quotes an address of a person or a number, whatever key it was
/// written at: problems are logged.
struct Problem {
    std::string file;
    int line{0};
    int column{0};
    std::string key;    ///< as the reference page names it, e.g. "limits.message_bytes" or "domains[0].name"
    std::string what;   ///< what is wrong
    std::string remedy; ///< what would be right
    bool operator==(const Problem&) const = default;
};

/// "file:line:column: key: what; remedy"
std::string to_string(const Problem& problem);

/// Whether text from the file may be somebody's address or number, so that its place is said and not the text.
bool may_identify(std::string_view text);

/// In quotes, cut when it is long; "this" where it may identify.
std::string as_written(std::string_view text);

/// The candidate that a mistyped `word` most probably meant; empty when none is near.
std::string nearest(const std::string& word, const std::vector<std::string>& candidates);

} // namespace sotto::config
