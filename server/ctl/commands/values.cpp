#include "ctl/commands/values.hpp"

#include "core/types/utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace sotto::ctl {
namespace {

constexpr std::size_t longest_text = 1024;

std::optional<std::int64_t> number_in(std::string_view word)
{
    std::int64_t number = 0;
    const auto [end, wrong] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (wrong != std::errc{} || end != word.data() + word.size() || number < 0) return std::nullopt;
    return number;
}

struct Unit {
    char letter;
    std::int64_t seconds;
};
constexpr std::array units{Unit{'s', 1}, Unit{'m', 60}, Unit{'h', 3600}, Unit{'d', 86'400}};

std::optional<std::int64_t> seconds_in(std::string_view word)
{
    if (word.size() < 2) return std::nullopt;
    const auto* unit = std::ranges::find(units, word.back(), &Unit::letter);
    const auto number = number_in(word.substr(0, word.size() - 1));
    constexpr std::int64_t most = 1'000'000;
    if (unit == units.end() || !number || *number > most) return std::nullopt;
    return *number * unit->seconds;
}

/// 'd' stands for a digit, everything else for itself.
bool like(std::string_view word, std::string_view pattern)
{
    return std::ranges::equal(word, pattern, [](char c, char p) {
        return p == 'd' ? std::isdigit(static_cast<unsigned char>(c)) != 0 : c == p;
    });
}

bool text_fits(std::string_view text)
{
    return text.size() <= longest_text && is_utf8(text) &&
           std::ranges::none_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

bool is_blank(std::string_view text) { return text.find_first_not_of(' ') == std::string_view::npos; }

bool is_choice(const Argument& argument, std::string_view word)
{
    return std::ranges::find(argument.choices, word) != argument.choices.end();
}

bool is_text(const json::value& value) { return value.is_string() && text_fits(std::string_view{value.get_string()}); }

/// Whether a value in a request is what the argument takes.
bool fits(const Argument& argument, const json::value& value)
{
    const auto text = value.is_string() ? std::string_view{value.get_string()} : std::string_view{};
    switch (argument.take) {
    case Take::text:
    case Take::address:
    case Take::secret:
        return is_text(value);
    case Take::number:
    case Take::duration:
        return value.is_int64() && value.get_int64() >= 0;
    case Take::time:
        return like(text, "dddd-dd-ddTdd:dd:ddZ");
    case Take::period:
        return like(text, "dddd-dd");
    case Take::choice:
        return value.is_string() && is_choice(argument, text);
    case Take::on_off:
    case Take::present:
    case Take::steered:
        return value.is_bool();
    case Take::agreed:
        return value.is_bool() && value.get_bool();
    case Take::texts:
        return value.is_array() && std::ranges::all_of(value.get_array(), is_text);
    case Take::rows:
        return value.is_array();
    case Take::file:
        return false;
    }
    return false;
}

} // namespace

std::optional<json::value> value_of(const Argument& argument, std::string_view word)
{
    switch (argument.take) {
    case Take::number:
        if (const auto number = number_in(word)) return json::value(*number);
        return std::nullopt;
    case Take::duration:
        if (const auto seconds = seconds_in(word)) return json::value(*seconds);
        return std::nullopt;
    case Take::on_off:
        if (word != "on" && word != "off") return std::nullopt;
        return json::value(word == "on");
    default: {
        json::value text(json::string_view{word.data(), word.size()});
        if (argument.take == Take::texts ? !is_text(text) : !fits(argument, text)) return std::nullopt;
        return text;
    }
    }
}

std::string description_of(const Argument& argument)
{
    switch (argument.take) {
    case Take::number:
        return "a whole number";
    case Take::duration:
        return "a time with its unit, such as 30s, 10m or 2h";
    case Take::time:
        return "a time such as 2026-11-25T12:00:00Z";
    case Take::period:
        return "a month such as 2026-11";
    case Take::on_off:
        return "on or off";
    case Take::agreed:
        return "true";
    case Take::steered:
        return "true or false";
    case Take::choice: {
        std::string words;
        for (const auto choice : argument.choices) words.append(words.empty() ? "" : ", ").append(choice);
        return "one of " + words;
    }
    default:
        return "a text of one line, at most 1024 bytes of UTF-8";
    }
}

std::string wrong_in(const Command& command, const json::object& arguments)
{
    for (const auto& member : arguments) {
        const std::string_view name{member.key()};
        if (name == "reason" && !command.audit.purpose.empty()) {
            if (!is_text(member.value())) return "argument reason is no text of one line, at most 1024 bytes of UTF-8";
            continue;
        }
        if (name == "from" && command.paged && member.value().is_string()) continue;
        const auto declared = std::ranges::find(command.arguments, name, &Argument::name);
        const bool has_rows =
            std::ranges::find(command.arguments, Take::rows, &Argument::take) != command.arguments.end();
        if (name == "more" && has_rows && member.value().is_bool()) continue;
        if (declared == command.arguments.end() || declared->take == Take::file)
            return "an argument is not one of this command's";
        if (!fits(*declared, member.value()))
            return "argument " + std::string{name} + " is not " + description_of(*declared);
    }
    for (const auto& argument : command.arguments)
        if (argument.required && argument.take != Take::file && !arguments.contains(argument.name))
            return "argument " + std::string{argument.name} + " is missing";
    const auto* reason = arguments.if_contains("reason");
    if (command.audit.reason_required && (reason == nullptr || is_blank(std::string_view{reason->get_string()})))
        return "this needs a reason: say why by --reason; it is kept in the audit log";
    return {};
}

} // namespace sotto::ctl
