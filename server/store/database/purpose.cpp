#include "store/database/purpose.hpp"

#include "store/database/embedded.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <array>
#include <yaml-cpp/yaml.h>

namespace sotto::store {
namespace {

constexpr std::array<std::string_view, 12> names{"provision",    "authenticate", "record",    "billing",
                                                 "interconnect", "dispute",      "abuse",     "fault",
                                                 "legal",        "audit",        "retention", "access"};
constexpr std::array<std::string_view, duties> duty_names{"accounts", "ledger"};

[[noreturn]] void wrong(const std::string& sentence)
{
    throw StoreError{StoreError::Kind::undeclared, "schema/purposes.yaml: " + sentence};
}

std::string text_of(const YAML::Node& node, const std::string& owner, const char* key)
{
    if (!node[key] || !node[key].IsScalar()) wrong(owner + " has no " + key);
    return node[key].as<std::string>();
}

/// A list of names, each of which `known` admits. A missing list is empty.
template <class Known>
std::set<std::string, std::less<>> names_in(const YAML::Node& list, const std::string& owner, Known known)
{
    std::set<std::string, std::less<>> out;
    if (!list) return out;
    if (!list.IsSequence()) wrong(owner + ": not a list");
    for (const auto& entry : list) {
        auto name = entry.as<std::string>();
        if (!known(name)) wrong(std::string{owner}.append(" names ").append(name).append(", which is not declared"));
        out.insert(std::move(name));
    }
    return out;
}

/// The tables of which `writable` holds every column.
std::set<std::string, std::less<>> whole_tables(const std::vector<DeclaredColumn>& columns,
                                                const std::set<std::string, std::less<>>& writable)
{
    std::set<std::string, std::less<>> whole;
    const auto table_of = [](const std::string& column) { return column.substr(0, column.find('.')); };
    for (const auto& column : columns) whole.insert(table_of(column.name));
    for (const auto& column : columns)
        if (!writable.contains(column.name)) whole.erase(table_of(column.name));
    return whole;
}

std::vector<DeclaredColumn> columns_from(const YAML::Node& node)
{
    std::vector<DeclaredColumn> columns;
    for (const auto& entry : node) {
        const auto name = entry.first.as<std::string>();
        if (name.find('.') == std::string::npos) wrong(name + " is not table.column");
        columns.push_back({name, text_of(entry.second, name, "holds"), entry.second["personal"].as<bool>(true)});
    }
    return columns;
}

Permissions permissions_from(const YAML::Node& node, const std::string& owner,
                             const std::vector<DeclaredColumn>& columns)
{
    const auto is_column = [&](const std::string& name) {
        return std::ranges::any_of(columns, [&](const auto& column) { return column.name == name; });
    };
    const auto is_table = [&](const std::string& name) {
        return std::ranges::any_of(columns, [&](const auto& column) { return column.name.starts_with(name + "."); });
    };
    Permissions permissions;
    permissions.read = names_in(node["read"], owner, is_column);
    permissions.write = names_in(node["write"], owner, is_column);
    permissions.remove = names_in(node["remove"], owner, is_table);
    permissions.add = whole_tables(columns, permissions.write);
    return permissions;
}

DeclaredPurpose purpose_from(const YAML::Node& node, const std::array<std::vector<DeclaredColumn>, duties>& columns)
{
    DeclaredPurpose purpose;
    purpose.name = text_of(node, "a purpose", "name");
    purpose.basis = text_of(node, purpose.name, "basis");
    purpose.source = text_of(node, purpose.name, "source");
    purpose.retention = text_of(node, purpose.name, "retention");
    const auto any = [](const std::string&) { return true; };
    const auto roles = names_in(node["roles"], purpose.name, any);
    if (roles.empty()) wrong(purpose.name + " has no roles");
    purpose.roles.assign(roles.begin(), roles.end());
    for (std::size_t duty = 0; duty < duties; ++duty)
        if (const auto given = node[std::string{duty_names[duty]}])
            purpose.permissions[duty] = permissions_from(given, purpose.name, columns[duty]);
    return purpose;
}

} // namespace

std::string_view name_of(Purpose purpose) { return names[static_cast<std::size_t>(purpose)]; }
std::string_view name_of(Duty duty) { return duty_names[static_cast<std::size_t>(duty)]; }

Purposes::Purposes(std::string_view yaml)
{
    try {
        const auto root = YAML::Load(std::string{yaml});
        for (std::size_t duty = 0; duty < duties; ++duty)
            if (const auto database = root["databases"][std::string{duty_names[duty]}])
                columns_[duty] = columns_from(database["columns"]);
        for (const auto& node : root["purposes"]) purposes_.push_back(purpose_from(node, columns_));
    } catch (const YAML::Exception& error) {
        wrong(error.what());
    }
    if (purposes_.empty()) wrong("no purpose is declared");
}

const Purposes& Purposes::declared()
{
    static const Purposes built_in = [] {
        Purposes purposes{purposes_yaml()};
        for (std::size_t purpose = 0; purpose < names.size(); ++purpose)
            (void)purposes.of(static_cast<Purpose>(purpose));
        return purposes;
    }();
    return built_in;
}

const DeclaredPurpose& Purposes::of(Purpose purpose) const
{
    const auto found = std::ranges::find(purposes_, name_of(purpose), &DeclaredPurpose::name);
    if (found == purposes_.end()) wrong("purpose " + std::string{name_of(purpose)} + " is not declared");
    return *found;
}

void Purposes::require_all(Duty duty, const std::vector<std::string>& columns) const
{
    for (const auto& column : columns) {
        if (std::ranges::none_of(this->columns(duty), [&](const auto& known) { return known.name == column; }))
            wrong("column " + column + " is not declared");
        if (std::ranges::none_of(purposes_, [&](const auto& purpose) {
                return purpose.in(duty).read.contains(column) || purpose.in(duty).write.contains(column);
            }))
            wrong("column " + column + " serves no purpose");
    }
}

} // namespace sotto::store
