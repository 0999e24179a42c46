#include "store/known_address.hpp"

#include "store/database/connection.hpp"

namespace sotto::store {

bool known_address(const std::filesystem::path& state_directory, std::string_view address)
{
    const auto at = address.rfind('@');
    const auto file = state_directory / "accounts.db";
    if (at == std::string_view::npos || !std::filesystem::exists(file)) return false;
    Connection<Purpose::authenticate> accounts{file, Duty::accounts, Purposes::declared()};
    return accounts.prepare("SELECT account FROM address WHERE user = ?1 AND domain = ?2")
        .bind_all(address.substr(0, at), address.substr(at + 1))
        .step();
}

} // namespace sotto::store
