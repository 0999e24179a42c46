#pragma once
#include "core/auth/account.hpp"
#include "core/message/message.hpp"
#include "core/proxy/domains.hpp"

#include <string>

namespace sotto {

/// The address, "user@domain", under which a subscriber wants to be asserted (RFC 3325 9.2): of its own ones the first
/// that P-Preferred-Identity names, else the one in From, else its first. What is not its own is ignored.
std::string preferred_address(const Message& request, const Account& sender, const Domains& domains,
                              const AccountDirectory& accounts);

} // namespace sotto
