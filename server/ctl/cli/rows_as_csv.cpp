#include "ctl/cli/rows_as_csv.hpp"

namespace sotto::ctl {
namespace {

std::string quoted(std::string_view text)
{
    if (text.find_first_of("\",\r\n") == std::string_view::npos) return std::string{text};
    std::string out{'"'};
    for (const char c : text) {
        if (c == '"') out += '"';
        out += c;
    }
    return out + '"';
}

std::string text_of(const json::value& value)
{
    if (value.is_null()) return {};
    return value.is_string() ? std::string{value.get_string()} : json::serialize(value);
}

} // namespace

std::string csv_header(std::span<const Field> fields)
{
    std::string line;
    for (const auto& field : fields) line += (line.empty() ? "" : ",") + std::string{field.name};
    return line + "\r\n";
}

std::string csv_line(std::span<const Field> fields, const json::object& row)
{
    std::string line;
    bool first = true;
    for (const auto& field : fields) {
        if (!std::exchange(first, false)) line += ',';
        if (const auto* value = row.if_contains(field.name)) line += quoted(text_of(*value));
    }
    return line + "\r\n";
}

} // namespace sotto::ctl
