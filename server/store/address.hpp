#pragma once
#include "store/account_store.hpp"

#include <string_view>

namespace sotto::store {

/// "user@name", with or without "sip:" or "sips:". A name of ours becomes the domain that it means. The user part is at
/// most 64 visible ASCII characters without `: @ " \ , ; < >` and blanks: it stands in digest user names and URIs.
/// Failures: bad_address, not_served.
Outcome<Address> parse_address(std::string_view text, const AccountPolicy& policy);

/// The same without a look at whose domain it is. Failure: bad_address.
Outcome<Address> written_address(std::string_view text);

/// 1 to 256 bytes of UTF-8 without control characters.
bool valid_password(std::string_view password);

} // namespace sotto::store
