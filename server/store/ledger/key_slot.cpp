#include "store/ledger/key_slot.hpp"

#include "store/store_error.hpp"

#include <openssl/crypto.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace sotto::store {
namespace {

constexpr std::string_view format = "sotto key store 1";
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

/// The content of a slot; wiped when it is over.
struct Plain {
    std::array<std::uint8_t, slot_size - nonce_size - tag_size> bytes{};
    std::size_t at{0};

    ~Plain() { OPENSSL_cleanse(bytes.data(), bytes.size()); }
    void put(const void* from, std::size_t size)
    {
        std::memcpy(bytes.data() + at, from, size);
        at += size;
    }
    void get(void* to, std::size_t size)
    {
        std::memcpy(to, bytes.data() + at, size);
        at += size;
    }
};

/// Every field of an entry, in the order in which a slot has them.
template <class Entry, class Field> void each_field(Entry& entry, Field field)
{
    field(&entry.kind, sizeof entry.kind);
    field(&entry.case_, sizeof entry.case_);
    field(&entry.held, sizeof entry.held);
    field(&entry.id, sizeof entry.id);
    field(&entry.month, sizeof entry.month);
    field(&entry.day, sizeof entry.day);
    field(&entry.run, sizeof entry.run);
    field(entry.key.bytes.data(), entry.key.bytes.size());
}

void draw(std::span<std::uint8_t> bytes)
{
    if (RAND_priv_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1)
        throw StoreError{StoreError::Kind::unavailable, "no random bytes"};
}

} // namespace

Key::~Key() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

Key Key::random()
{
    Key key;
    draw(key.bytes);
    return key;
}

SlotWrapping::SlotWrapping(const crypto::Secret& master) : cipher_{crypto::derive(master, "sotto ledger keys").bytes()}
{
}

Slot SlotWrapping::wrap(const KeyEntry& entry)
{
    Plain plain;
    plain.put(format.data(), format.size());
    each_field(entry, [&](const void* from, std::size_t size) { plain.put(from, size); });
    Slot slot{};
    const auto bytes = std::span{slot};
    draw(bytes.first(nonce_size));
    cipher_.seal(bytes.first<nonce_size>(), plain.bytes, bytes.subspan<nonce_size + tag_size>(),
                 bytes.subspan<nonce_size, tag_size>());
    return slot;
}

std::optional<KeyEntry> SlotWrapping::unwrap(const Slot& slot)
{
    Plain plain;
    const auto bytes = std::span{slot};
    if (!cipher_.open(bytes.first<nonce_size>(), bytes.subspan<nonce_size + tag_size>(),
                      bytes.subspan<nonce_size, tag_size>(), plain.bytes) ||
        std::memcmp(plain.bytes.data(), format.data(), format.size()) != 0)
        return std::nullopt;
    plain.at = format.size();
    KeyEntry entry;
    each_field(entry, [&](void* to, std::size_t size) { plain.get(to, size); });
    return entry;
}

} // namespace sotto::store
