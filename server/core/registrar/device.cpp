#include "core/registrar/device.hpp"

#include <string>

namespace sotto {
namespace {

std::string_view raw(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

AorKeys keys_of(const RotatingHash& hash) { return {AorKey{hash.now}, AorKey{hash.before}}; }

} // namespace

bool has_instance(const NameAddr& contact)
{
    const auto instance = contact.param("+sip.instance");
    return instance && !instance->empty();
}

BindingId binding_id(AccountId account, const NameAddr& contact, Cryptography& cryptography)
{
    std::string text{raw(account.value)};
    if (has_instance(contact))
        text.append("instance ").append(lower(*contact.param("+sip.instance")));
    else
        text.append("user ").append(contact.uri.user.empty() ? contact.uri.host : contact.uri.user);
    return {cryptography.keyed_hash(Cryptography::Use::binding, text).low | 1U}; // 0 means none
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
