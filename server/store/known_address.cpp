#include "store/known_address.hpp"

#include "store/address.hpp"
#include "store/database/connection.hpp"

namespace sotto::store {

bool known_address(const std::filesystem::path& state_directory, std::string_view address, const AccountPolicy& policy)
{
    const auto parsed = parse_address(address, policy);
    const auto file = state_directory / "accounts.db";
    if (!parsed || !std::filesystem::exists(file)) return false;
    Connection<Purpose::authenticate> accounts{file, Duty::accounts, Purposes::declared()};
    return accounts.prepare("SELECT account FROM address WHERE user = ?1 AND domain = ?2")
        .bind_all(std::string_view{parsed->user}, std::string_view{parsed->domain})
        .step();
}

} // namespace sotto::store
