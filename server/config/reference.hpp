#pragma once
#include <string>

namespace sotto::config {

/// docs/configuration.md: every key with its values, default and meaning, from the table of keys.
std::string reference_page();
/// docs/man/sotto.yaml.5, in man(7)'s language.
std::string manual_page();
/// config/sotto.yaml.example: a file that loads, with every key that is served.
std::string example_file();
/// config/sotto.schema.json: JSON Schema (draft 7) for editors.
std::string json_schema();

} // namespace sotto::config
