#pragma once
#include "config/settings.hpp"
#include "config/value.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sotto::config {

enum class Kind : std::uint8_t {
    section, ///< a mapping of further keys
    list,    ///< a sequence of mappings; their keys are "path[].key"
    flag,
    count,
    bytes,
    duration,
    choice,
    path,
    name,
    endpoint,
    advertised,
    prefix,
    number,    ///< how telephone numbers begin
    choices,   ///< a sequence of choices, at least one
    names,     ///< a sequence of names
    accounts,  ///< a sequence of account addresses, or "*"
    origins,   ///< a sequence of web origins
    turn_uris, ///< a sequence of TURN URIs
    account,
    word,       ///< a name of the operator's own
    words,      ///< a sequence of those
    credential, ///< a user name at somebody else's server
    matches,    ///< a sequence of what a route matches
    targets,    ///< a sequence of hosts
    digits
};

/// When a changed value counts.
enum class Effect : std::uint8_t { reload, restart };

struct Key;

/// How a value gets into the settings and comes out again as it would be written in the file.
struct Field {
    void (*set)(Settings& settings, std::span<const Value> values){nullptr};
    std::string (*show)(const Settings& settings, const Key& key){nullptr}; ///< null: a list, or a key of its entries
    std::size_t (*size)(const Settings& settings){nullptr};                 ///< of a list
    std::string (*show_entry)(const Settings& settings, std::size_t entry, const Key& key){nullptr};
    void (*keep)(Settings& next, const Settings& running){nullptr}; ///< whole lists at once
};

/// One key of the configuration file. The loader, the reference page, the commented example and the JSON Schema are all
/// made from this declaration; the default is what a fresh `Settings` holds.
struct Key {
    std::string_view path; ///< "limits.headers"; "domains[].name" for a key of each entry of a list
    Kind kind{Kind::section};
    bool required{false};
    Effect effect{Effect::reload};
    Bounds bounds{};
    std::string_view zero{}; ///< what 0 means where it may be written
    std::span<const std::string_view> choices{};
    Field field{};
    std::string_view shorthand{}; ///< for a list: the key that an entry means when it is no mapping
    std::string_view example{};   ///< YAML for the example file; empty: the default
    std::string_view meaning;
};

/// All keys, parents before children, in the order of the reference page.
std::span<const Key> keys();
/// The declaration of "path"; null when there is none. Indexes are written as in "domains[].name".
const Key* find_key(std::string_view path);
/// "limits.headers" has the parent "limits" and the name "headers"; top-level keys have the parent "".
std::string_view parent_of(std::string_view path);
std::string_view name_of(std::string_view path);

} // namespace sotto::config
