#pragma once
#include "core/message/message.hpp"
#include "core/registrar/binding.hpp"
#include "core/types/cryptography.hpp"
#include "core/types/flow.hpp"

#include <span>
#include <string_view>

namespace sotto {

/// The opaque id of the account's device that a Contact names, by its instance id (RFC 5626 4.1) or, where that is
/// empty, by its user part: the same for all its flows, and after a restart.
BindingId binding_id(AccountId account, const Uri& contact, std::string_view instance, Cryptography& cryptography);
/// The same for a phone without instance id that finds another one under its user part: by user part, host and port.
BindingId binding_id_by_place(AccountId account, const Uri& contact, Cryptography& cryptography);
/// The one of `registered` that a Contact names by either; what binding_id() says when it names none of them.
BindingId device_among(std::span<const RegisteredDevice> registered, AccountId account, const NameAddr& contact,
                       Cryptography& cryptography);

/// An account as the location service knows it.
AorKeys aor_keys(AccountId account, Cryptography& cryptography);
/// The keys of an address that is nobody's: looked up like any other, so that the work does not tell them apart.
AorKeys nobodys_keys(std::string_view aor, Cryptography& cryptography);

} // namespace sotto
