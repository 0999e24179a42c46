#pragma once
#include "core/message/message.hpp"
#include "core/registrar/binding.hpp"
#include "core/types/cryptography.hpp"

#include <string_view>

namespace sotto {

/// Which device a Contact names: by its instance id (RFC 5626 4.1), else by its user part.
struct Device {
    KeyedHash hash;
    bool has_instance{false};
};
Device device_of(const NameAddr& contact, Cryptography& cryptography);

/// The opaque id of an account's device: the same for all its flows, and after a restart.
BindingId binding_id(AccountId account, const Device& device, Cryptography& cryptography);

/// An account as the location service knows it.
AorKey aor_key(AccountId account, Cryptography& cryptography);
/// The key of an address that is nobody's: looked up like any other, so that the work does not tell them apart.
AorKey nobodys_key(std::string_view aor, Cryptography& cryptography);

} // namespace sotto
