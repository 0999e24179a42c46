#include "core/registrar/device.hpp"

#include <cstring>
#include <string>

namespace sotto {
namespace {

std::string_view raw(const auto& value) { return {reinterpret_cast<const char*>(&value), sizeof value}; }

} // namespace

Device device_of(const NameAddr& contact, Cryptography& cryptography)
{
    using Use = Cryptography::Use;
    if (const auto instance = contact.param("+sip.instance"); instance && !instance->empty())
        return {cryptography.keyed_hash(Use::instance, lower(*instance)), true};
    const auto name = contact.uri.user.empty() ? contact.uri.host : contact.uri.user;
    return {cryptography.keyed_hash(Use::instance, std::string{"user "}.append(name)), false};
}

BindingId binding_id(AccountId account, const Device& device, Cryptography& cryptography)
{
    std::string text{raw(account.value)};
    text += raw(device.hash.high);
    text += raw(device.hash.low);
    return {cryptography.keyed_hash(Cryptography::Use::binding, text).low | 1U}; // 0 means none
}

AorKey aor_key(AccountId account, Cryptography& cryptography)
{
    return {cryptography.keyed_hash(Cryptography::Use::aor, raw(account.value))};
}

AorKey nobodys_key(std::string_view aor, Cryptography& cryptography)
{
    return {cryptography.keyed_hash(Cryptography::Use::aor, std::string{"nobody "}.append(aor))};
}

} // namespace sotto
