#include "config/load.hpp"

#include "config/agree.hpp"
#include "config/keys.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>

namespace sotto::config {
namespace {

Place place_of(const YAML::Mark& mark) { return mark.is_null() ? Place{} : Place{mark.line + 1, mark.column + 1}; }

/// Sees where each document of a stream begins, and nothing of what it says.
class DocumentStarts : public YAML::EventHandler {
public:
    void OnDocumentStart(const YAML::Mark& mark) override { latest = mark; }
    void OnDocumentEnd() override {}
    void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
    void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
    void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
    void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnSequenceEnd() override {}
    void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
    void OnMapEnd() override {}

    YAML::Mark latest;
};

/// Where a second document begins. One step at a time: YAML::LoadAll never returns from a text that goes on behind the
/// end of its document (yaml-cpp 0.7 sees it as documents without end, and keeps them all).
std::optional<Place> second_document(const std::string& text)
{
    std::istringstream stream{text};
    YAML::Parser parser{stream};
    DocumentStarts starts;
    if (!parser.HandleNextDocument(starts) || !parser.HandleNextDocument(starts)) return {};
    return place_of(starts.latest);
}

/// Reads one scalar as its kind asks.
Read read_scalar(const Key& key, std::string_view text)
{
    switch (key.kind) {
    case Kind::flag:
        return read_flag(text);
    case Kind::count:
        return read_count(text, key.bounds);
    case Kind::bytes:
        return read_bytes(text, key.bounds);
    case Kind::duration:
        return read_duration(text, key.bounds);
    case Kind::choice:
    case Kind::choices:
        return read_choice(text, key.choices);
    case Kind::path:
        return read_path(text);
    case Kind::name:
    case Kind::names:
        return read_name(text);
    case Kind::endpoint:
        return read_endpoint(text);
    case Kind::advertised:
        return read_advertised(text);
    case Kind::prefix:
        return read_prefix(text);
    case Kind::number:
        return read_number(text);
    case Kind::account:
        return read_account(text);
    case Kind::accounts:
        return read_account_or_all(text);
    case Kind::origins:
        return read_origin(text);
    case Kind::turn_uris:
        return read_turn_uri(text);
    case Kind::word:
    case Kind::words:
        return read_word(text);
    case Kind::credential:
        return read_credential(text);
    case Kind::matches:
        return read_match(text);
    case Kind::targets:
        return read_target(text);
    case Kind::digits:
        return read_digits(text);
    case Kind::section:
    case Kind::list:
        break;
    }
    return {};
}

bool holds_many(Kind kind)
{
    constexpr std::array many{Kind::choices,   Kind::names, Kind::accounts, Kind::origins,
                              Kind::turn_uris, Kind::words, Kind::matches,  Kind::targets};
    return std::ranges::find(many, kind) != many.end();
}

/// Walks the document beside the table of keys.
class Reader {
public:
    Reader(Loaded& loaded, std::filesystem::path folder) : loaded_{loaded}, folder_{std::move(folder)} {}

    /// `declared` is the path in the table ("domains[]"), `path` the one of this entry ("domains[0]"); both are empty
    /// at the top.
    void read_mapping(const YAML::Node& node, const std::string& declared, const std::string& path)
    {
        std::set<std::string> seen;
        if (node.IsMap())
            for (const auto& entry : node) read_entry(entry.first, entry.second, declared, path, seen);
        else if (!node.IsNull())
            complain(place_of(node.Mark()), path, "is no mapping", "write " + example_of(declared));
        if (!node.IsMap() && !node.IsNull()) return;
        for (const auto& key : keys())
            if (key.required && parent_of(key.path) == declared && !seen.contains(std::string{name_of(key.path)}))
                complain(place_of(node.Mark()), join(path, name_of(key.path)), "is missing", remedy_of(key));
    }

private:
    static std::string join(const std::string& path, std::string_view name)
    {
        return path.empty() ? std::string{name} : path + "." + std::string{name};
    }

    static std::string example_of(const std::string& declared)
    {
        for (const auto& key : keys())
            if (parent_of(key.path) == declared)
                return "keys under it, such as \"" + std::string{name_of(key.path)} + ": ...\"";
        return "keys under it";
    }

    static std::string remedy_of(const Key& key)
    {
        if (!key.example.empty()) return "write \"" + std::string{name_of(key.path)} + ": " + plain(key.example) + "\"";
        return "say " + std::string{key.path == "domains" ? "which domains are served" : "where the server listens"} +
               "; config/sotto.yaml.example shows how";
    }

    static std::string plain(std::string_view example)
    {
        std::string text{example};
        std::erase(text, '"');
        return text;
    }

    void complain(Place place, const std::string& key, std::string what, std::string remedy)
    {
        loaded_.problems.push_back(
            {loaded_.settings.file.string(), place.line, place.column, key, std::move(what), std::move(remedy)});
    }

    void read_entry(const YAML::Node& name, const YAML::Node& value, const std::string& declared,
                    const std::string& path, std::set<std::string>& seen)
    {
        const Place place = place_of(name.Mark());
        if (!name.IsScalar())
            return complain(place, path, "has a key that is no word", "write one of the keys of the reference page");
        const std::string& word = name.Scalar();
        if (may_identify(word))
            return complain(place, path, "has an address or a number for a key", "write it as the value of a key");
        const Key* key = find_key(join(declared, word));
        if (key == nullptr) return complain_of_unknown(place, word, declared, path);
        const std::string whole = join(path, word);
        if (!seen.insert(word).second) return complain(place, whole, "is given twice", "keep one of the two");
        loaded_.places[whole] = value.Mark().is_null() ? place : place_of(value.Mark());
        read_value(*key, value, whole, place);
    }

    void complain_of_unknown(Place place, const std::string& word, const std::string& declared, const std::string& path)
    {
        std::vector<std::string> siblings;
        std::string elsewhere;
        for (const auto& key : keys()) {
            if (parent_of(key.path) == declared) siblings.emplace_back(name_of(key.path));
            if (name_of(key.path) == word) elsewhere = key.path;
        }
        std::string remedy = nearest(word, siblings);
        if (!remedy.empty())
            remedy = "did you mean " + remedy + "?";
        else if (!elsewhere.empty())
            remedy = "this key belongs at " + elsewhere;
        else
            remedy = "remove it, or see docs/configuration.md for the keys that there are";
        complain(place, join(path, word), "is no key", std::move(remedy));
    }

    void read_value(const Key& key, const YAML::Node& value, const std::string& path, Place place)
    {
        if (key.kind == Kind::section) return read_mapping(value, std::string{key.path}, path);
        if (key.kind == Kind::list) return read_list(key, value, path, place);
        std::vector<Value> values;
        if (holds_many(key.kind)) {
            if (value.IsNull()) return;
            if (!value.IsSequence())
                return complain(place_of(value.Mark()), path, "is no list", "write it in brackets, such as [...]");
            for (const auto& entry : value) read_one(key, entry, path, values);
            if (values.size() != value.size()) return;
            if (values.empty() && key.kind == Kind::choices)
                return complain(place_of(value.Mark()), path, "is empty", "name at least one, or leave the line out");
        } else {
            if (value.IsNull()) return complain(place, path, "has no value", "write one, or leave the line out");
            read_one(key, value, path, values);
            if (values.empty()) return;
        }
        key.field.set(loaded_.settings, values);
    }

    void read_one(const Key& key, const YAML::Node& node, const std::string& path, std::vector<Value>& values)
    {
        const Place place = place_of(node.Mark());
        if (!node.IsScalar())
            return complain(place, path, "is no single value", "write it without brackets, braces or keys below it");
        auto read = read_scalar(key, node.Scalar());
        if (!read.value) return complain(place, path, std::move(read.what), std::move(read.remedy));
        if (key.kind == Kind::path) read.value->text = (folder_ / read.value->text).lexically_normal().string();
        values.push_back(std::move(*read.value));
    }

    void read_list(const Key& key, const YAML::Node& node, const std::string& path, Place place)
    {
        if (node.IsNull() || (node.IsSequence() && node.size() == 0)) {
            if (key.required) complain(place, path, "is empty", remedy_of(key));
            return;
        }
        if (!node.IsSequence())
            return complain(place_of(node.Mark()), path, "is no list",
                            "write its entries below it, each after a \"-\"");
        std::size_t index = 0;
        for (const auto& entry : node) {
            const std::string item = path + "[" + std::to_string(index++) + "]";
            const std::string declared = std::string{key.path} + "[]";
            key.field.set(loaded_.settings, {});
            loaded_.places[item] = place_of(entry.Mark());
            if (entry.IsScalar() && !key.shorthand.empty()) {
                const std::string whole = join(item, key.shorthand);
                loaded_.places[whole] = place_of(entry.Mark());
                read_value(*find_key(join(declared, key.shorthand)), entry, whole, place_of(entry.Mark()));
            } else {
                read_mapping(entry, declared, item);
            }
        }
    }

    Loaded& loaded_;
    std::filesystem::path folder_;
};

void refuse_file(Loaded& loaded, std::string what, std::string remedy)
{
    loaded.problems.push_back({loaded.settings.file.string(), 0, 0, {}, std::move(what), std::move(remedy)});
}

/// Says what a path leads to in place of a file.
void refuse_no_file(Loaded& loaded)
{
    std::error_code fault;
    const auto there = std::filesystem::status(loaded.settings.file, fault);
    const std::string by_option = "give the configuration file's path by --config";
    if (there.type() == std::filesystem::file_type::not_found)
        refuse_file(loaded, "there is no such file", by_option);
    else if (fault)
        refuse_file(loaded, "cannot be reached: " + fault.message(), "let the user that runs this reach it");
    else if (std::filesystem::is_directory(there))
        refuse_file(loaded, "is a folder", by_option);
    else
        refuse_file(loaded, "is no ordinary file, but a pipe, a socket or a device", by_option);
}

/// Where the first control character stands that is neither a tab nor part of a line end.
std::optional<Place> first_control(std::string_view text)
{
    Place place{1, 1};
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f) return place;
        if (c == '\n')
            place = {place.line + 1, 1};
        else
            ++place.column;
    }
    return std::nullopt;
}

/// The socket that a text names, as far as its lines look like it.
std::optional<std::string> socket_in(const std::string& text)
{
    constexpr std::string_view key = "socket";
    std::istringstream lines{text};
    for (std::string line; std::getline(lines, line);) {
        line.resize(std::min(line.size(), line.find('#')));
        const auto at = line.find(key);
        const auto begin = at == std::string::npos ? at : line.find_first_not_of(" \t\"':", at + key.size());
        if (begin != std::string::npos) return line.substr(begin, line.find_first_of(" \t\r\"',}", begin) - begin);
    }
    return {};
}

/// Of a file that is wrong where it says, or should say, where the daemon is asked: one that runs with what the file
/// said before can be asked there.
void look_for_socket(Loaded& loaded, const std::string& text)
{
    if (loaded.good() || loaded.places.contains("admin.socket")) return;
    if (const auto socket = socket_in(text))
        loaded.settings.admin.socket = std::filesystem::absolute(loaded.settings.file).parent_path() / *socket;
}

void refuse_text(Loaded& loaded, Place place, std::string what, std::string remedy)
{
    loaded.problems.push_back(
        {loaded.settings.file.string(), place.line, place.column, {}, std::move(what), std::move(remedy)});
}

} // namespace

Problem Loaded::problem(std::string_view key, std::string what, std::string remedy) const
{
    Place place;
    for (std::string path{key}; !path.empty(); path = parent_of(path)) {
        const auto found = places.find(path);
        if (found == places.end()) continue;
        place = found->second;
        break;
    }
    return {settings.file.string(), place.line, place.column, std::string{key}, std::move(what), std::move(remedy)};
}

bool tells_socket(const Loaded& loaded)
{
    const bool named = loaded.places.contains("admin.socket");
    return std::ranges::none_of(loaded.problems, [named](const Problem& problem) {
        const bool no_text = problem.key.empty() && problem.line == 0;
        return no_text || problem.key == "admin.socket" || (!named && problem.key.starts_with("admin"));
    });
}

Loaded load_text(const std::string& text, const std::filesystem::path& file)
{
    Loaded loaded;
    loaded.settings.file = file;
    if (const auto place = first_control(text)) { // YAML 1.2 5.1 has none, and the parser never returns from some
        refuse_text(loaded, *place, "is no YAML: a control character",
                    "remove it; blanks and line ends are all that a configuration needs");
        look_for_socket(loaded, text);
        return loaded;
    }
    try {
        if (const auto place = second_document(text))
            loaded.problems.push_back({file.string(),
                                       place->line,
                                       place->column,
                                       {},
                                       "is more than one document",
                                       "remove lines that say only \"---\", and what belongs to no key"});
        Reader{loaded, std::filesystem::absolute(file).parent_path()}.read_mapping(YAML::Load(text), {}, {});
        agree(loaded);
    } catch (const YAML::Exception& fault) {
        // behind a colon the parser quotes the text
        refuse_text(loaded, place_of(fault.mark), "is no YAML: " + fault.msg.substr(0, fault.msg.find(": ")),
                    "look at the indentation, quotes and brackets here and in the line above");
    }
    std::ranges::stable_sort(loaded.problems, {}, [](const Problem& p) { return std::pair{p.line, p.column}; });
    look_for_socket(loaded, text);
    return loaded;
}

Loaded load(const std::filesystem::path& file)
{
    constexpr std::uintmax_t most_bytes = 1'048'576;
    Loaded loaded;
    loaded.settings.file = file;
    std::error_code fault;
    if (!std::filesystem::is_regular_file(file, fault)) {
        refuse_no_file(loaded);
        return loaded;
    }
    if (std::filesystem::file_size(file, fault) > most_bytes) {
        refuse_file(loaded, "is larger than 1 MiB", "a configuration file is small; give its path by --config");
        return loaded;
    }
    std::ifstream stream{file, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    if (!stream) {
        refuse_file(loaded, "cannot be read", "let the user that runs this read it");
        return loaded;
    }
    return load_text(text.str(), file);
}

} // namespace sotto::config
