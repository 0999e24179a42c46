#include "core/registrar/device.hpp"

#include <algorithm>
#include <string>

namespace sotto {
namespace {

std::string_view raw(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

BindingId id_of(AccountId account, std::string_view kind, std::string_view value, Cryptography& cryptography)
{
    const auto text = std::string{raw(account.value)}.append(kind).append(value);
    return {cryptography.keyed_hash(Cryptography::Use::binding, text).low | 1U}; // 0 means none
}

AorKeys keys_of(const RotatingHash& hash) { return {AorKey{hash.now}, AorKey{hash.before}}; }

} // namespace

bool has_instance(const NameAddr& contact)
{
    const auto instance = contact.param("+sip.instance");
    return instance && !instance->empty();
}

BindingId binding_id(AccountId account, const NameAddr& contact, Cryptography& cryptography)
{
    if (has_instance(contact)) return id_of(account, "instance ", lower(*contact.param("+sip.instance")), cryptography);
    return id_of(account, "user ", contact.uri.user.empty() ? contact.uri.host : contact.uri.user, cryptography);
}

BindingId binding_id_by_place(AccountId account, const NameAddr& contact, Cryptography& cryptography)
{
    const auto& uri = contact.uri;
    const auto place = std::string{uri.user}.append("@").append(lower(uri.host)).append(":");
    return id_of(account, "place ", place + std::to_string(uri.port), cryptography);
}

BindingId device_among(std::span<const BindingId> registered, AccountId account, const NameAddr& contact,
                       Cryptography& cryptography)
{
    if (!has_instance(contact)) {
        const auto by_place = binding_id_by_place(account, contact, cryptography);
        if (std::ranges::find(registered, by_place) != registered.end()) return by_place;
    }
    return binding_id(account, contact, cryptography);
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
