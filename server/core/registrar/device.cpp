#include "core/registrar/device.hpp"

#include "core/types/hashed_text.hpp"

#include <algorithm>
#include <string>

namespace sotto {
namespace {

std::string_view raw(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

BindingId id_of(const HashedText& text, Cryptography& cryptography)
{
    return {cryptography.keyed_hash(Cryptography::Use::binding, text.view()).low | 1U}; // 0 means none
}

AorKeys keys_of(const RotatingHash& hash) { return {AorKey{hash.now}, AorKey{hash.before}}; }

} // namespace

BindingId binding_id(AccountId account, const Uri& contact, std::string_view instance, Cryptography& cryptography)
{
    HashedText text;
    text.add_raw(account.value);
    if (!instance.empty())
        text.add("instance ").add_lower(instance);
    else
        text.add("user ").add(contact.user.empty() ? contact.host : contact.user);
    return id_of(text, cryptography);
}

BindingId binding_id_by_place(AccountId account, const Uri& contact, Cryptography& cryptography)
{
    HashedText text;
    text.add_raw(account.value).add("place ").add(contact.user).add("@").add_lower(contact.host);
    text.add(":").add_number(contact.port);
    return id_of(text, cryptography);
}

BindingId device_among(std::span<const RegisteredDevice> registered, AccountId account, const NameAddr& contact,
                       Cryptography& cryptography)
{
    const auto instance = contact.param("+sip.instance").value_or(std::string_view{});
    if (instance.empty()) {
        const auto by_place = binding_id_by_place(account, contact.uri, cryptography);
        if (std::ranges::find(registered, by_place, &RegisteredDevice::id) != registered.end()) return by_place;
    }
    return binding_id(account, contact.uri, instance, cryptography);
}

AorKeys aor_keys(AccountId account, Cryptography& cryptography)
{
    return keys_of(cryptography.rotating_hash(Cryptography::Use::aor, raw(account.value)));
}

AorKeys nobodys_keys(std::string_view aor, Cryptography& cryptography)
{
    return keys_of(cryptography.rotating_hash(Cryptography::Use::aor, std::string{"nobody "}.append(aor)));
}

} // namespace sotto
