#include "core/transaction/key.hpp"

#include "core/transaction/branch.hpp"
#include "core/types/hashed_text.hpp"

#include <array>
#include <cstring>

namespace sotto::transaction {

namespace {

/// Each part ends in a line feed, which no header value contains: parts cannot run into one another.
constexpr std::string_view end = "\n";

KeyedHash key_as(Cryptography& cryptography, const Message& request, std::string_view method)
{
    const Via& top = request.vias.front();
    const auto branch = top.branch();
    HashedText text;
    if (has_magic_cookie(branch)) {
        text.add("3261\n").add(branch).add(end).add_lower(top.host).add(end).add_number(top.port).add(end).add(method);
    } else {
        // The To tag of an ACK is that of our response, so it cannot take part in matching an INVITE.
        const auto to_tag = method == name_of(Method::invite) ? std::string_view{} : request.to.tag();
        text.add("2543\n");
        for (const auto part : {request.request_uri.text, to_tag, request.from.tag(), request.call_id})
            text.add(part).add(end);
        text.add_number(request.cseq.number).add(end).add(top.text).add(end).add(method);
    }
    return cryptography.keyed_hash(Cryptography::Use::transaction, text.add(end).view());
}

using TagBytes = std::array<std::uint8_t, sizeof(KeyedHash)>;

TagBytes encrypted(Cryptography& cryptography, const KeyedHash& key)
{
    TagBytes raw{};
    std::memcpy(raw.data(), &key, raw.size());
    return cryptography.encrypt_block(raw);
}

KeyedHash forgotten(const KeyedHash& key) { return {key.high, ~key.low}; }

} // namespace

KeyedHash server_key(Cryptography& cryptography, const Message& request)
{
    return key_as(cryptography, request, request.method == Method::ack ? name_of(Method::invite) : request.method_name);
}

std::string own_tag(Cryptography& cryptography, const KeyedHash& key)
{
    return base64url(encrypted(cryptography, key));
}

std::string forgotten_tag(Cryptography& cryptography, const KeyedHash& key)
{
    return own_tag(cryptography, forgotten(key));
}

bool is_forgotten_tag(std::string_view tag, Cryptography& cryptography, const KeyedHash& key)
{
    TagBytes raw{};
    return from_base64url(tag, raw) && raw == encrypted(cryptography, forgotten(key));
}

KeyedHash cancelled_key(Cryptography& cryptography, const Message& cancel)
{
    return key_as(cryptography, cancel, name_of(Method::invite));
}

} // namespace sotto::transaction
