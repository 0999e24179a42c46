#include "store/database/purpose.hpp"

#include "store/database/embedded.hpp"
#include "store/store_error.hpp"

#include <algorithm>
#include <array>
#include <yaml-cpp/yaml.h>

namespace sotto::store {
namespace {

constexpr std::array names{std::string_view{"provision"}, std::string_view{"authenticate"}};

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
        if (!known(name)) wrong(owner + " names " + name + ", which is not declared");
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

DeclaredPurpose purpose_from(const YAML::Node& node, const std::vector<DeclaredColumn>& columns)
{
    DeclaredPurpose purpose;
    purpose.name = text_of(node, "a purpose", "name");
    purpose.basis = text_of(node, purpose.name, "basis");
    purpose.source = text_of(node, purpose.name, "source");
    purpose.retention = text_of(node, purpose.name, "retention");
    const auto any = [](const std::string&) { return true; };
    const auto is_column = [&](const std::string& name) {
        return std::ranges::any_of(columns, [&](const auto& column) { return column.name == name; });
    };
    const auto is_table = [&](const std::string& name) {
        return std::ranges::any_of(columns, [&](const auto& column) { return column.name.starts_with(name + "."); });
    };
    const auto roles = names_in(node["roles"], purpose.name, any);
    if (roles.empty()) wrong(purpose.name + " has no roles");
    purpose.roles.assign(roles.begin(), roles.end());
    if (const auto accounts = node["accounts"]) {
        purpose.accounts.read = names_in(accounts["read"], purpose.name, is_column);
        purpose.accounts.write = names_in(accounts["write"], purpose.name, is_column);
        purpose.accounts.remove = names_in(accounts["remove"], purpose.name, is_table);
        purpose.accounts.add = whole_tables(columns, purpose.accounts.write);
    }
    return purpose;
}

} // namespace

std::string_view name_of(Purpose purpose) { return names[static_cast<std::size_t>(purpose)]; }

Purposes::Purposes(std::string_view yaml)
{
    try {
        const auto root = YAML::Load(std::string{yaml});
        for (const auto& entry : root["databases"]["accounts"]["columns"]) {
            const auto name = entry.first.as<std::string>();
            if (name.find('.') == std::string::npos) wrong(name + " is not table.column");
            account_columns_.push_back(
                {name, text_of(entry.second, name, "holds"), entry.second["personal"].as<bool>(true)});
        }
        for (const auto& node : root["purposes"]) purposes_.push_back(purpose_from(node, account_columns_));
    } catch (const YAML::Exception& error) {
        wrong(error.what());
    }
    for (const auto name : names)
        if (std::ranges::none_of(purposes_, [&](const auto& purpose) { return purpose.name == name; }))
            wrong("purpose " + std::string{name} + " is not declared");
}

const Purposes& Purposes::declared()
{
    static const Purposes built_in{purposes_yaml()};
    return built_in;
}

const DeclaredPurpose& Purposes::of(Purpose purpose) const
{
    return *std::ranges::find(purposes_, name_of(purpose), &DeclaredPurpose::name);
}

void Purposes::require_all(const std::vector<std::string>& columns) const
{
    for (const auto& column : columns) {
        if (std::ranges::none_of(account_columns_, [&](const auto& known) { return known.name == column; }))
            wrong("column " + column + " is not declared");
        if (std::ranges::none_of(purposes_, [&](const auto& purpose) {
                return purpose.accounts.read.contains(column) || purpose.accounts.write.contains(column);
            }))
            wrong("column " + column + " serves no purpose");
    }
}

} // namespace sotto::store
