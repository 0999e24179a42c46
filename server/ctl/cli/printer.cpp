#include "ctl/cli/printer.hpp"

#include <array>
#include <cstdio>
#include <unistd.h>

namespace sotto::ctl {
namespace {

struct SettingName {
    std::string_view member;
    std::string_view shown;
};
constexpr std::array settings{SettingName{"withhold_identity", "withhold-identity"},
                              SettingName{"refuse_anonymous", "refuse-anonymous"},
                              SettingName{"relay_only", "relay-only"}};

std::string text_in(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    if (value == nullptr) return {};
    return value->is_string() ? std::string{value->get_string()} : json::serialize(*value);
}

bool flag_in(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_bool() && value->get_bool();
}

std::string joined(const json::value* list, std::size_t from)
{
    std::string out;
    if (list == nullptr || !list->is_array()) return out;
    const auto& array = list->get_array();
    for (auto i = from; i < array.size(); ++i) {
        if (!out.empty()) out += ", ";
        out += array[i].is_string() ? std::string{array[i].get_string()} : json::serialize(array[i]);
    }
    return out;
}

Table::Cell status_of(const json::object& account)
{
    auto status = text_in(account, "status");
    if (flag_in(account, "password_needed")) return {status + ", password needed", Colour::yellow};
    return {status, status == "active" ? Colour::none : Colour::yellow};
}

std::string settings_of(const json::object& account)
{
    std::string out;
    for (const auto& [member, shown] : settings)
        if (flag_in(account, member)) out.append(out.empty() ? "" : ", ").append(shown);
    return out;
}

void add_properties(Table& table, const json::object& object, const std::string& prefix)
{
    for (const auto& member : object) {
        const auto name = prefix + std::string{member.key()};
        if (member.value().is_object())
            add_properties(table, member.value().get_object(), name + ".");
        else if (member.value().is_array())
            table.add({{name}, {joined(&member.value(), 0)}});
        else
            table.add({{name}, {text_in(object, member.key())}});
    }
}

} // namespace

std::vector<std::string> account_heading() { return {"ADDRESS", "STATUS", "DIGEST", "SETTINGS", "FURTHER ADDRESSES"}; }

std::vector<Table::Cell> account_row(const json::object& account)
{
    return {{text_in(account, "address")},
            status_of(account),
            {text_in(account, "algorithm")},
            {settings_of(account)},
            {joined(account.if_contains("addresses"), 1)}};
}

void print_account(const json::object& account)
{
    Table table{{"address", text_in(account, "address")}};
    const auto further = joined(account.if_contains("addresses"), 1);
    if (!further.empty()) table.add({{"further addresses"}, {further}});
    table.add({{"status"}, status_of(account)});
    table.add({{"digest"}, {text_in(account, "algorithm")}});
    for (const auto& [member, shown] : settings)
        table.add({{std::string{shown}}, {flag_in(account, member) ? "on" : "off"}});
    table.flush();
}

void print_properties(const json::object& object)
{
    Table table;
    add_properties(table, object, "");
    table.flush();
}

void print_bindings(const json::object& result)
{
    Table table{{"BINDING", "EXPIRES IN", "TRANSPORT", "Q"}};
    const auto* bindings = result.if_contains("bindings");
    if (bindings != nullptr && bindings->is_array())
        for (const auto& entry : bindings->get_array()) {
            if (!entry.is_object()) continue;
            const auto& binding = entry.get_object();
            std::array<char, 16> q{};
            const auto* value = binding.if_contains("q");
            std::snprintf(q.data(), q.size(), "%.3g",
                          value != nullptr && value->is_double() ? value->get_double() : 1.0);
            table.add({{text_in(binding, "binding")},
                       {text_in(binding, "expires_in") + " s"},
                       {text_in(binding, "transport")},
                       {q.data()}});
        }
    if (table.empty()) std::puts("no bindings: nobody is registered for this address");
    table.flush();
}

void print_error(std::string_view sentence)
{
    std::fprintf(stderr, "%s %.*s\n", coloured("sotto:", Colour::red, STDERR_FILENO).c_str(),
                 static_cast<int>(sentence.size()), sentence.data());
}

void print_json(const json::value& value) { std::puts(json::serialize(value).c_str()); }

} // namespace sotto::ctl
