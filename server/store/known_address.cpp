#include "store/known_address.hpp"

#include "store/database/connection.hpp"
#include "store/store_error.hpp"

#include <optional>
#include <system_error>

namespace sotto::store {
namespace {

/// None: there is no database yet.
std::optional<Connection<Purpose::authenticate>> accounts_in(const std::filesystem::path& state_directory)
{
    const auto file = state_directory / "accounts.db";
    std::error_code fault;
    if (std::filesystem::exists(file, fault))
        return Connection<Purpose::authenticate>{file, Duty::accounts, Purposes::declared()};
    if (fault) throw StoreError{StoreError::Kind::unavailable, "accounts.db cannot be found: " + fault.message()};
    return std::nullopt;
}

} // namespace

bool known_address(const std::filesystem::path& state_directory, std::string_view address)
{
    const auto at = address.rfind('@');
    if (at == std::string_view::npos) return false;
    auto accounts = accounts_in(state_directory);
    return accounts && accounts->prepare("SELECT account FROM address WHERE user = ?1 AND domain = ?2")
                           .bind_all(address.substr(0, at), address.substr(at + 1))
                           .step();
}

std::size_t accounts_in_domain(const std::filesystem::path& state_directory, std::string_view name)
{
    auto accounts = accounts_in(state_directory);
    if (!accounts) return 0;
    auto counted = accounts->prepare("SELECT count(account) FROM address WHERE domain = ?1 AND position = 0");
    counted.bind_all(name);
    return counted.step() ? static_cast<std::size_t>(counted.number(0)) : 0;
}

} // namespace sotto::store
