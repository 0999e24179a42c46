#include "ctl/cli/csv.hpp"

#include "core/types/utf8.hpp"
#include "ctl/admin/account_commands.hpp"
#include "store/address.hpp"

#include <optional>
#include <string_view>
#include <variant>

namespace sotto::ctl {
namespace {

/// Takes a quoted field from the front of `rest`; nothing when its closing quote is missing.
std::optional<std::string> take_quoted(std::string_view& rest)
{
    std::string field;
    for (std::size_t at = 1; at < rest.size(); ++at) {
        if (rest[at] != '"') {
            field.push_back(rest[at]);
        } else if (at + 1 < rest.size() && rest[at + 1] == '"') {
            field.push_back(rest[++at]);
        } else {
            rest.remove_prefix(at + 1);
            return field;
        }
    }
    return std::nullopt;
}

/// A line's two fields, or what is wrong with it.
std::variant<store::NewAccount, std::string_view> split(std::string_view line)
{
    constexpr std::string_view not_two_fields = "not `address,password`";
    store::NewAccount account;
    if (line.starts_with('"')) {
        auto field = take_quoted(line);
        if (!field || !line.starts_with(',')) return not_two_fields;
        account.address = *std::move(field);
    } else {
        const auto comma = line.find(',');
        if (comma == std::string_view::npos) return not_two_fields;
        account.address = line.substr(0, comma);
        line.remove_prefix(comma);
    }
    line.remove_prefix(1);
    if (!line.starts_with('"')) {
        // Whoever exports more columns than these two must not get passwords that nobody can type.
        if (line.find(',') != std::string_view::npos) return "the password holds a comma: put it in quotes";
        account.password = line;
        return account;
    }
    auto field = take_quoted(line);
    if (!field || !line.empty()) return not_two_fields;
    account.password = *std::move(field);
    return account;
}

} // namespace

CsvFile read_csv(std::istream& in, const store::AccountPolicy& policy)
{
    constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF"; // spreadsheets begin UTF-8 with it
    CsvFile file;
    std::string line;
    for (std::size_t number = 1; std::getline(in, line); ++number) {
        if (number == 1 && line.starts_with(byte_order_mark)) line.erase(0, byte_order_mark.size());
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.empty() || (number == 1 && line == "address,password")) continue;
        if (!is_utf8(line)) {
            file.mistakes.push_back({number, "not UTF-8: save the file as UTF-8"});
            continue;
        }
        auto fields = split(line);
        auto* account = std::get_if<store::NewAccount>(&fields);
        if (account == nullptr) {
            file.mistakes.push_back({number, std::string{std::get<std::string_view>(fields)}});
            continue;
        }
        const auto address = store::parse_address(account->address, policy);
        if (!address)
            file.mistakes.push_back({number, error_of(address.error(), account->address).sentence});
        else if (!store::valid_password(account->password))
            file.mistakes.push_back({number, error_of(store::Failure::bad_password, account->address).sentence});
        else
            file.rows.push_back({number, std::move(*account)});
    }
    return file;
}

} // namespace sotto::ctl
