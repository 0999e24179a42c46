#pragma once
#include <string>
#include <string_view>

namespace sotto::config {

/// docs/configuration.md: every key with its values, default and meaning, from the table of keys.
std::string reference_page();
/// A text for man(7): no line begins with a control character, and a backslash is one.
std::string roff(std::string_view text);

/// docs/man/sotto.yaml.5, in man(7)'s language.
std::string manual_page();
/// config/sotto.yaml.example: a file that loads, with every key that is served.
std::string example_file();
/// config/sotto.schema.json: JSON Schema (draft 7) for editors.
std::string json_schema();

} // namespace sotto::config
