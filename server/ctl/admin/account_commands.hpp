#pragma once
#include "ctl/admin/protocol.hpp"
#include "store/account_store.hpp"

#include <functional>
#include <memory>
#include <optional>

namespace sotto::ctl {

/// `account add|import|list|show|set|remove|password|unblock`. `accounts` outlives the handlers. Each waits for the
/// store: run them on no worker's thread.
///     add      address, password                       -> account
///     import   rows [[address, password], ...], more   -> added, existing, refused [{index, code, sentence}, ...]
///     list     from (of the page before)               -> accounts [...], next
///     show     address                                 -> account
///     set      address, status, withhold_identity, refuse_anonymous, relay_only, attach [...], detach [...], number
///                                                      -> account
///     password address, password                       -> account
///     remove   address                                 -> account
///     unblock  address                                 -> account
Handlers account_commands(store::AccountStore& accounts);

/// Gives the pseudonym of whoever called an account last with a withheld identity, lately.
using LastAnonymousCaller = std::function<std::optional<KeyedHash>(AccountId)>;
/// `account block`, which needs the running daemon; otherwise like `account_commands`.
///     block    address                                 -> account
Handlers blocking_commands(store::AccountStore& accounts, LastAnonymousCaller last);

/// An account as JSON: address, addresses, algorithm, password_needed, status and the settings.
json::object to_json(const store::AccountRecord& account);

/// The address of an account that somebody may have meant who typed `address`, which is none's: of the same domain,
/// with a similar user. Empty: there is none. Waits for the store. Whom it names may list accounts anyway.
std::string nearest_address(store::AccountStore& accounts, const std::string& address);

/// The address that `typed`, an address or an E.164 number, is, where another account than that of `subject` has it.
/// Empty: none has. Waits for the store.
std::string another_address(store::AccountStore& accounts, const std::string& subject, const std::string& typed);

/// The account that an address means, as the workers know it. Waits for the store. Failures also: not_served, no phone
/// can log in to it, because it was stored in a domain that is none any more.
store::Outcome<std::shared_ptr<const Account>> served_account(store::AccountStore& accounts,
                                                              const std::string& address);

/// The error for a refused operation on `address`, which may be empty.
CommandError error_of(store::Failure failure, const std::string& address);

} // namespace sotto::ctl
