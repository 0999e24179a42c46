#include "ctl/cli/csv.hpp"

#include "core/types/utf8.hpp"
#include "ctl/admin/account_commands.hpp"
#include "store/address.hpp"

#include <optional>
#include <string_view>

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

std::optional<store::NewAccount> split(std::string_view line)
{
    store::NewAccount account;
    if (line.starts_with('"')) {
        auto field = take_quoted(line);
        if (!field || !line.starts_with(',')) return std::nullopt;
        account.address = *std::move(field);
    } else {
        const auto comma = line.find(',');
        if (comma == std::string_view::npos) return std::nullopt;
        account.address = line.substr(0, comma);
        line.remove_prefix(comma);
    }
    line.remove_prefix(1);
    if (!line.starts_with('"')) {
        account.password = line;
        return account;
    }
    auto field = take_quoted(line);
    if (!field || !line.empty()) return std::nullopt;
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
        auto account = split(line);
        if (!account) {
            file.mistakes.push_back({number, "not `address,password`"});
            continue;
        }
        const auto address = store::parse_address(account->address, policy);
        if (!address)
            file.mistakes.push_back({number, error_of(address.error(), account->address).sentence});
        else if (!store::valid_password(account->password))
            file.mistakes.push_back({number, error_of(store::Failure::bad_password, account->address).sentence});
        else
            file.rows.push_back({number, *std::move(account)});
    }
    return file;
}

} // namespace sotto::ctl
