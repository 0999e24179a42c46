#include "config/reference.hpp"

#include "config/check.hpp"
#include "config/keys.hpp"

#include <algorithm>

namespace sotto::config {

std::string roff(std::string_view text)
{
    std::string out = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
    for (const char c : text) {
        if (c == '`') continue;
        if (c == '-') out += '\\';
        out += c;
        if (c == '\\') out += 'e';
    }
    return out;
}

namespace {

std::string default_of(const Key& key)
{
    return key.field.show == nullptr || key.kind == Kind::list ? std::string{} : key.field.show(Settings{}, key);
}

std::string joined(std::span<const std::string_view> words, std::string_view between)
{
    std::string text;
    for (const auto word : words) {
        if (!text.empty()) text += between;
        text += word;
    }
    return text;
}

/// What may be written, in a few words.
std::string values_of(const Key& key)
{
    const auto range = [&](auto show) {
        std::string text = show(key.bounds.least) + " to " + show(key.bounds.most);
        if (key.bounds.zero) text += ", or 0: " + std::string{key.zero};
        return text;
    };
    const auto digits = [](long long n) { return std::to_string(n); };
    switch (key.kind) {
    case Kind::section:
        return "keys below";
    case Kind::list:
        return "list";
    case Kind::flag:
        return "true or false";
    case Kind::count:
        return range(digits);
    case Kind::bytes:
        return "bytes (or KiB, MiB), " + range(digits);
    case Kind::duration:
        return "duration, " + range(duration_text);
    case Kind::choice:
        return joined(key.choices, " or ");
    case Kind::choices:
        return "list of " + joined(key.choices, ", ");
    case Kind::path:
        return "path";
    case Kind::name:
        return "domain name";
    case Kind::names:
        return "list of domain names";
    case Kind::endpoint:
        return "IP address and port";
    case Kind::advertised:
        return "domain name and port";
    case Kind::prefix:
        return "telephone keys in quotes; \"\": none";
    case Kind::number:
        return "begin of a telephone number in quotes";
    case Kind::account:
        return "account address";
    case Kind::word:
        return "name of letters, digits, - and _";
    case Kind::words:
        return "list of names";
    case Kind::credential:
        return "user name";
    case Kind::matches:
        return "list of domains, numbers or services";
    case Kind::targets:
        return "list of hosts";
    case Kind::digits:
        return "digits in quotes; \"\": none";
    case Kind::accounts:
        return "list of account addresses, or [\"*\"]";
    case Kind::origins:
        return "list of origins";
    case Kind::turn_uris:
        return "list of TURN URIs";
    }
    return {};
}

std::size_t depth_of(std::string_view path) { return static_cast<std::size_t>(std::ranges::count(path, '.')); }

// ---- the reference page
// ----------------------------------------------------------------------------------------------

void add_row(std::string& page, const Key& key)
{
    const std::string initial = default_of(key);
    page += "| `" + std::string{key.path} + "` | " + values_of(key) + " | ";
    page += key.required ? "**must be given**" : initial.empty() ? "none" : "`" + initial + "`";
    page += key.kind == Kind::section ? " | " : key.effect == Effect::restart ? " | restart" : " | reload";
    page += " | " + std::string{key.meaning} + " |\n";
}

constexpr std::string_view page_head = R"(# Configuration

<!-- Made by `config_reference docs` from the table in server/config/keys.cpp. Change it there. -->

Sotto reads one YAML file, named by `sottod --config FILE`. `sottod --config FILE --check` says everything that is wrong
with it at once, each with its place, key and remedy, and exits 0 or 1. An example with every key is
[config/sotto.yaml.example](../config/sotto.yaml.example); editors that know JSON Schema check the file as you type with
[config/sotto.schema.json](../config/sotto.schema.json).

* Unknown keys, keys given twice and values out of range are errors.
* A relative path starts at the folder of the file.
* A duration is a number with `s`, `m` or `h`. A size is a number of bytes, or a number with `KiB` or `MiB`.
* What is left out has its default, and the defaults are the most private values that a phone can work with. What makes
  the server less private can be said only under `weaken:`.
* "Takes effect: reload" means that SIGHUP, or `sotto reload`, puts a change into use without dropping a connection.
  After a change that needs a restart, the reload says so and goes on with the old value of that key.

)";

// ---- the manual page
// ---------------------------------------------------------------------------------------------------

constexpr std::string_view manual_head =
    R"(.\" Made by `command_reference keys` from the table in server/config/keys.cpp.
.TH SOTTO.YAML 5 "" "Sotto" "Configuration"
.SH NAME
sotto.yaml \- configuration of the Sotto SIP server
.SH DESCRIPTION
One YAML file, read by
.BR sottod (8)
and
.BR sotto (1).
What is left out has its default, and the defaults are the most private values that a phone can work with. What makes the
server less private can be said only under
.BR weaken .
Unknown keys are errors;
.B sottod \-\-check
says everything that is wrong at once. A relative path starts at the folder of the file.
.SH KEYS
)";

constexpr std::string_view manual_foot = R"(.SH FILES
/etc/sotto/sotto.yaml
.SH SEE ALSO
.BR sottod (8),
.BR sotto (1)
)";

// ---- the example
// -----------------------------------------------------------------------------------------------------

void add_comment(std::string& text, const std::string& indent, std::string_view comment)
{
    constexpr std::size_t width = 118;
    std::string line = indent + "#";
    while (!comment.empty()) {
        const auto space = std::min(comment.find(' '), comment.size());
        if (line.size() + 1 + space > width) {
            text += line + "\n";
            line = indent + "#";
        }
        line += " " + std::string{comment.substr(0, space)};
        comment.remove_prefix(std::min(space + 1, comment.size()));
    }
    text += line + "\n";
}

/// Whether the key is one of the entries of a list that may be left out: that stands in the example as one line.
bool is_of_optional_list(const Key& key)
{
    const auto entries = parent_of(key.path);
    return entries.ends_with("[]") && !find_key(entries.substr(0, entries.size() - 2))->required;
}

void add_example(std::string& text, const Key& key)
{
    if (is_of_optional_list(key)) return;
    const bool item = parent_of(key.path).ends_with("[]");
    const bool first = item && (&key)[-1].path == parent_of(key.path).substr(0, parent_of(key.path).size() - 2);
    const std::string indent((depth_of(key.path) + (item ? 1U : 0U)) * 2, ' ');
    const std::string initial = default_of(key);
    std::string comment{key.meaning};
    if (key.kind != Kind::section && key.kind != Kind::list) comment += " (" + values_of(key) + ")";
    if (!item && key.kind != Kind::list && depth_of(key.path) == 0) text += "\n";
    add_comment(text, first ? indent.substr(2) : indent, comment);
    const bool wanted = !item || key.required || key.kind == Kind::names || key.kind == Kind::advertised;
    const bool given = (key.kind == Kind::section || (key.kind == Kind::list && key.required) || item) && wanted;
    const std::string value = !key.example.empty() ? std::string{key.example} : initial;
    text += std::string{first ? indent.substr(2) : indent} + (given ? "" : "#") + (first ? "- " : "");
    text += std::string{name_of(key.path)} + ":" + (value.empty() ? "" : " " + value) + "\n";
}

constexpr std::string_view example_head = R"(# yaml-language-server: $schema=sotto.schema.json
# Sotto's configuration, with every key. Lines that begin with "#key:" show the default, or for weaken: an example.
# Made by "config_reference example" from the table in server/config/keys.cpp; docs/configuration.md says the same as a page.

)";

// ---- the schema
// ------------------------------------------------------------------------------------------------------

std::string json_text(std::string_view text)
{
    std::string out = "\"";
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + "\"";
}

std::string enumeration(const Key& key)
{
    std::string text = "\"enum\": [";
    for (std::size_t i = 0; i < key.choices.size(); ++i) text += (i == 0 ? "" : ", ") + json_text(key.choices[i]);
    return text + "]";
}

std::string number_schema(const Bounds& bounds)
{
    const std::string range = "\"type\": \"integer\", \"minimum\": " + std::to_string(bounds.least) +
                              ", \"maximum\": " + std::to_string(bounds.most);
    return bounds.zero && bounds.least > 0 ? "\"anyOf\": [{ \"const\": 0 }, { " + range + " }]" : range;
}

std::string pattern(std::string_view expression)
{
    return "\"type\": \"string\", \"pattern\": " + json_text(expression);
}

constexpr std::string_view name_pattern =
    R"(^([A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?\.)*[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$)";

/// The members of the schema of one value, without braces.
std::string scalar_schema(const Key& key)
{
    switch (key.kind) {
    case Kind::flag:
        return "\"type\": \"boolean\"";
    case Kind::count:
        return number_schema(key.bounds);
    case Kind::bytes:
        return "\"anyOf\": [{ " + number_schema(key.bounds) + " }, { " + pattern("^[0-9]+(KiB|MiB)$") + " }]";
    case Kind::duration:
        return key.bounds.zero ? "\"anyOf\": [{ \"const\": 0 }, { " + pattern("^[0-9]+[smh]$") + " }]"
                               : pattern("^[0-9]+[smh]$");
    case Kind::choice:
        return enumeration(key);
    case Kind::choices:
        return "\"type\": \"array\", \"minItems\": 1, \"items\": { " + enumeration(key) + " }";
    case Kind::path:
        return "\"type\": \"string\", \"minLength\": 1";
    case Kind::name:
        return pattern(name_pattern);
    case Kind::names:
        return "\"type\": \"array\", \"items\": { " + pattern(name_pattern) + " }";
    case Kind::endpoint:
        return pattern(R"(^([0-9.]+|\[[0-9A-Fa-f:.]+\]):[0-9]+$)");
    case Kind::advertised:
        return pattern(R"(^[A-Za-z0-9.-]+:[0-9]+$)");
    case Kind::prefix:
        return pattern("^[0-9*#]{0,8}$");
    case Kind::number:
        return pattern("^[+]?[0-9]{1,15}$");
    case Kind::account:
        return pattern(R"(^[^@:\s]+@[A-Za-z0-9.-]+$)");
    case Kind::word:
        return pattern("^[A-Za-z0-9_-]{1,32}$");
    case Kind::words:
        return "\"type\": \"array\", \"items\": { " + pattern("^[A-Za-z0-9_-]{1,32}$") + " }";
    case Kind::credential:
        return pattern(R"(^[^\s\":\\]{1,64}$)");
    case Kind::matches:
        return "\"type\": \"array\", \"minItems\": 1, \"items\": { " +
               pattern(R"(^(\*|\+?[0-9]*|(urn:service:)?[A-Za-z0-9.-]+)$)") + " }";
    case Kind::targets:
        return "\"type\": \"array\", \"items\": { " + pattern(R"(^[A-Za-z0-9.-]+(:[0-9]+)?$)") + " }";
    case Kind::digits:
        return pattern(R"(^\+?[0-9]{0,15}$)");
    case Kind::accounts:
        return "\"type\": \"array\", \"items\": { " + pattern(R"(^(\*|[^@:\s]+@[A-Za-z0-9.-]+)$)") + " }";
    case Kind::origins:
        return "\"type\": \"array\", \"items\": { " + pattern(R"(^https://[A-Za-z0-9.-]+(:[0-9]+)?$)") + " }";
    case Kind::turn_uris:
        return "\"type\": \"array\", \"items\": { " + pattern("^turns?:") + " }";
    case Kind::section:
    case Kind::list:
        break;
    }
    return {};
}

/// The members of the schema of a mapping: what may and what must stand below `parent`.
std::string mapping_schema(std::string_view parent, const std::string& indent);

std::string key_schema(const Key& key, const std::string& indent)
{
    const std::string deeper = indent + "  ";
    std::string text = "{\n" + deeper + "\"description\": " + json_text(key.meaning) + ",\n" + deeper;
    if (key.kind == Kind::section) {
        text += mapping_schema(key.path, deeper);
    } else if (key.kind == Kind::list) {
        const std::string entries = std::string{key.path} + "[]";
        const std::string mapping =
            "{\n" + deeper + "  " + mapping_schema(entries, deeper + "  ") + "\n" + deeper + "}";
        text += "\"type\": \"array\",\n" + deeper + (key.required ? "\"minItems\": 1,\n" + deeper : "") + "\"items\": ";
        if (key.shorthand.empty())
            text += mapping;
        else
            text += "{ \"anyOf\": [{ " + scalar_schema(*find_key(entries + "." + std::string{key.shorthand})) + " }, " +
                    mapping + "] }";
    } else {
        text += scalar_schema(key);
        if (const auto initial = default_of(key); !initial.empty() && initial.front() != '[') {
            const bool bare = key.kind == Kind::flag || key.kind == Kind::count || key.kind == Kind::bytes;
            text += ",\n" + deeper + "\"default\": " + (bare ? initial : json_text(initial));
        }
    }
    return text + "\n" + indent + "}";
}

std::string mapping_schema(std::string_view parent, const std::string& indent)
{
    std::string members, required;
    for (const auto& key : keys()) {
        if (parent_of(key.path) != parent) continue;
        members += (members.empty() ? "" : ",\n") + indent + "  " + json_text(name_of(key.path)) + ": " +
                   key_schema(key, indent + "  ");
        if (key.required) required += (required.empty() ? "" : ", ") + json_text(name_of(key.path));
    }
    std::string text = std::string{"\"type\": "} +
                       (required.empty() && !parent.empty() ? "[\"object\", \"null\"]" : "\"object\"") + ",\n" +
                       indent + "\"additionalProperties\": false,\n";
    if (!required.empty()) text += indent + "\"required\": [" + required + "],\n";
    return text + indent + "\"properties\": {\n" + members + "\n" + indent + "}";
}

} // namespace

std::string reference_page()
{
    std::string page{page_head};
    std::string_view section;
    for (const auto& key : keys()) {
        const auto top = key.path.substr(0, key.path.find_first_of(".["));
        const bool stands_alone = key.kind != Kind::section && key.kind != Kind::list && depth_of(key.path) == 0;
        if (const std::string_view heading = stands_alone ? "The server" : top; heading != section) {
            section = heading;
            page += (page.ends_with("\n\n") ? "" : "\n") + std::string{"## "} +
                    (stands_alone ? std::string{heading} : "`" + std::string{top} + "`") + "\n\n";
            if (!stands_alone) page += std::string{key.meaning} + "\n\n";
            page += "| key | values | default | takes effect | meaning |\n| --- | --- | --- | --- | --- |\n";
        }
        if (key.kind == Kind::section || (key.kind == Kind::list && depth_of(key.path) == 0)) continue;
        add_row(page, key);
    }
    return page;
}

std::string example_file()
{
    std::string text{example_head};
    for (const auto& key : keys()) {
        add_example(text, key);
    }
    return text;
}

std::string manual_page()
{
    std::string page{manual_head};
    for (const auto& key : keys()) {
        page += ".TP\n.B " + roff(key.path) + "\n";
        if (key.kind != Kind::section) {
            const auto initial = default_of(key);
            page += "(" + roff(values_of(key)) + (initial.empty() ? "" : "; default " + roff(initial)) +
                    (key.effect == Effect::restart ? "; after a restart" : "") + ") ";
        }
        page += roff(key.meaning) + "\n";
    }
    return page + std::string{manual_foot};
}

std::string json_schema()
{
    return "{\n  \"$schema\": \"http://json-schema.org/draft-07/schema#\",\n  \"title\": \"Configuration of Sotto\",\n "
           " " +
           mapping_schema({}, "  ") + "\n}\n";
}

} // namespace sotto::config
