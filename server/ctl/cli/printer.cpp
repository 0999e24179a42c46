#include "ctl/cli/printer.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <unistd.h>
#include <utility>

namespace sotto::ctl {
namespace {

enum class Lines : std::uint8_t { none, kept };

/// A text that a terminal shows as it is: what arrived over the socket could hold control sequences. UTF-8 writes the
/// second set of control characters, U+0080 to U+009F, in two bytes.
std::string shown(std::string_view text, Lines lines = Lines::none)
{
    const auto byte = [&](std::size_t at) { return at < text.size() ? static_cast<unsigned char>(text[at]) : 0U; };
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool second = byte(i) == 0xC2 && byte(i + 1) >= 0x80 && byte(i + 1) < 0xA0;
        const bool first = (byte(i) < 0x20 && (byte(i) != '\n' || lines == Lines::none)) || byte(i) == 0x7f;
        out += first || second ? '?' : text[i];
        if (second) ++i;
    }
    return out;
}

std::string text_of(const json::value& value);

std::string joined(const json::array& list)
{
    std::string out;
    for (const auto& one : list) out.append(out.empty() ? "" : ", ").append(text_of(one));
    return out;
}

std::string text_of(const json::value& value)
{
    if (value.is_string()) return shown(std::string_view{value.get_string()});
    if (value.is_array()) return joined(value.get_array());
    if (value.is_null()) return "-";
    if (value.is_bool()) return value.get_bool() ? "yes" : "no";
    if (value.is_double()) {
        std::array<char, 32> number{};
        std::snprintf(number.data(), number.size(), "%.3g", value.get_double());
        return number.data();
    }
    return shown(json::serialize(value));
}

/// What a person should look at is yellow.
Colour colour_of(std::string_view name, const json::value& value)
{
    if (name == "status" && value.is_string() && value.get_string() != "active" && value.get_string() != "done")
        return Colour::yellow;
    if ((name == "password_needed" || name == "weakened" || name == "needs_restart") &&
        ((value.is_bool() && value.get_bool()) || (value.is_array() && !value.get_array().empty())))
        return Colour::yellow;
    if (name == "verdict" && value.is_string() && value.get_string() != "good")
        return value.get_string() == "bad" ? Colour::red : Colour::yellow;
    const bool must_be_none =
        name == "silent_workers" || name == "overdue" || name == "broken" || name == "clock_doubted";
    const bool is_none = value == json::value(0) || value == json::value(false);
    return must_be_none && !is_none ? Colour::red : Colour::none;
}

void add_properties(Table& table, const json::object& object, const std::string& prefix)
{
    for (const auto& member : object) {
        const auto name = prefix + std::string{member.key()};
        if (member.value().is_object())
            add_properties(table, member.value().get_object(), name + ".");
        else
            table.add({{name}, {text_of(member.value()), colour_of(member.key(), member.value())}});
    }
}

std::vector<std::string> heading_of(const Answer& answer)
{
    std::vector<std::string> heading;
    if (answer.rows.empty()) return heading;
    for (const auto& field : answer.fields)
        if (!field.heading.empty() && (heading.empty() || heading.back() != field.heading))
            heading.emplace_back(field.heading);
    return heading;
}

/// A flag that is on is shown by its name, and one that is off not at all.
std::string cell_text(const Field& field, const json::value& value)
{
    if (value.is_bool()) {
        std::string name{field.name};
        std::ranges::replace(name, '_', ' ');
        return value.get_bool() ? name : std::string{};
    }
    if (value.is_array() && field.skip > 0) {
        const auto& all = value.get_array();
        const auto first = std::min(field.skip, all.size());
        return joined(json::array(all.begin() + static_cast<std::ptrdiff_t>(first), all.end()));
    }
    return text_of(value) + (field.unit.empty() ? "" : " " + std::string{field.unit});
}

std::vector<Table::Cell> row_of(const Answer& answer, const json::object& row)
{
    std::vector<Table::Cell> cells;
    std::string_view heading;
    for (const auto& field : answer.fields) {
        if (field.heading.empty()) continue;
        if (std::exchange(heading, field.heading) != field.heading) cells.push_back({});
        auto& cell = cells.back();
        const auto* value = row.if_contains(field.name);
        const auto text = value == nullptr ? std::string{} : cell_text(field, *value);
        if (text.empty()) continue;
        cell.text.append(cell.text.empty() ? "" : ", ").append(text);
        if (const auto colour = colour_of(field.name, *value); colour != Colour::none) cell.colour = colour;
    }
    return cells;
}

} // namespace

Printer::Printer(const Command& command) : command_{command}, table_{heading_of(command.answer)} {}

void Printer::add(const json::object& result)
{
    nothing_ = false;
    if (command_.answer.fields.size() == 1 && command_.answer.fields[0].type == "document") {
        std::fputs(shown(result.at(command_.answer.fields[0].name).as_string(), Lines::kept).c_str(), stdout);
        return;
    }
    if (command_.answer.rows.empty()) {
        // An answer that is one object inside another, such as {"account": {...}}, is shown without its wrapping.
        const bool wrapped = result.size() == 1 && result.begin()->value().is_object();
        add_properties(table_, wrapped ? result.begin()->value().get_object() : result, "");
    } else if (const auto* rows = result.if_contains(command_.answer.rows); rows != nullptr && rows->is_array()) {
        for (const auto& row : rows->get_array())
            if (row.is_object()) table_.add(row_of(command_.answer, row.get_object()));
        nothing_ = table_.empty();
    }
    table_.flush();
}

void Printer::finish()
{
    if (nothing_ && !command_.answer.empty.empty()) std::printf("%s\n", std::string{command_.answer.empty}.c_str());
}

void print_error(std::string_view sentence)
{
    std::fprintf(stderr, "%s %.*s\n", coloured("sotto:", Colour::red, STDERR_FILENO).c_str(),
                 static_cast<int>(sentence.size()), sentence.data());
}

void print_json(const json::value& value) { std::puts(json::serialize(value).c_str()); }

} // namespace sotto::ctl
