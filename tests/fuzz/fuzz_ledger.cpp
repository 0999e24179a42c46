// Any bytes as a record of the ledger, as a sealed row, and as what a row holds:
// - a record that was read is written and read again without a change;
// - open(seal(x)) = x for a row, for what is written more than once in its place, for a hold and for a key in its slot;
// - what is sealed opens in no other place, under no other account's, period's or hold's key, and not when one byte of
// it is another; bytes that were never sealed do not open.
#include "fuzz/require.hpp"
#include "store/ledger/call_record.hpp"
#include "store/ledger/vault.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

using namespace sotto;
using sotto::fuzz::require;

namespace {

constexpr AccountId alice{1};
constexpr AccountId bob{2};
constexpr store::HoldId hold{7};
constexpr store::HoldId other_hold{8};

/// A ledger's keys in a folder of their own: two months and two accounts.
struct Keys {
    Keys()
    {
        for (const auto account : {alice, bob}) vault.seal(may, account, {}, {}); // makes the account's key
        for (const auto id : {hold, other_hold}) vault.seal_hold(id, {});
    }
    ~Keys() { std::filesystem::remove_all(folder); }

    std::filesystem::path folder = [] {
        std::string name = std::filesystem::temp_directory_path() / "sotto-fuzz-XXXXXX";
        require(mkdtemp(name.data()) != nullptr, "there is a folder to write to");
        return name;
    }();
    store::Vault vault{folder, crypto::Secret::random(32)};
    store::PeriodId may{vault.keys().collecting(std::chrono::year{2026} / 5, retention::Case::chargeable)};
    store::PeriodId june{vault.keys().collecting(std::chrono::year{2026} / 6, retention::Case::chargeable)};
};

/// Any bytes read as a record; a record that was read is written and read again without a change.
void check_record(crypto::Bytes bytes)
{
    const auto record = store::CallRecord::unpacked(bytes);
    const auto packed = record.packed();
    require(packed.size() % 40 == 0, "records have few lengths");
    const auto again = store::CallRecord::unpacked(packed);
    require(again.start == record.start && again.seconds == record.seconds && again.destination == record.destination &&
                again.tariff == record.tariff && again.route == record.route,
            "a record is read as it was written");
}

/// Bytes that were not sealed here do not open.
void check_opening(Keys& keys, crypto::Bytes bytes)
{
    for (const auto account : {alice, bob}) require(!keys.vault.open(keys.may, account, {}, bytes), "no bytes open");
    if (const auto account = keys.vault.account_of(keys.may, bytes)) // the fuzzer sees what is compared
        require(std::ranges::equal(keys.vault.pseudonym(keys.may, *account), bytes), "a pseudonym is one account's");
    require(!keys.vault.open_hold(hold, bytes), "no bytes open as held");
    require(!keys.vault.open_at(bytes, keys.may, alice, bytes), "nor as what is written more than once");
}

/// Bytes that were not wrapped by the master key are no key; a wrapped key comes back whole, a changed one not at all.
void check_slot(crypto::Bytes bytes)
{
    static store::SlotWrapping wrapping{crypto::Secret{32}};
    store::Slot slot{};
    std::copy_n(bytes.begin(), std::min(bytes.size(), slot.size()), slot.begin());
    require(!wrapping.unwrap(slot), "what was not wrapped is no key");
    store::KeyEntry entry;
    entry.kind = store::KeyEntry::Kind::subject;
    std::copy_n(bytes.begin(), std::min(bytes.size(), entry.key.bytes.size()), entry.key.bytes.begin());
    auto wrapped = wrapping.wrap(entry);
    const auto back = wrapping.unwrap(wrapped);
    require(back && back->key.bytes == entry.key.bytes, "a wrapped key comes back");
    wrapped[bytes.empty() ? 0 : bytes.front() % wrapped.size()] ^= 1;
    require(!wrapping.unwrap(wrapped), "a changed slot is no key");
}

/// open(seal(x)) = x; and nowhere else, under no other key, and not when one byte is another.
void check_sealing(Keys& keys, crypto::Bytes bytes)
{
    auto& vault = keys.vault;
    const auto place = store::row_id_of(bytes);
    auto sealed = vault.seal(keys.may, alice, place, bytes);
    const auto opened = vault.open(keys.may, alice, place, sealed);
    require(opened && std::ranges::equal(*opened, bytes), "what was sealed opens");
    require(!vault.open(keys.may, bob, place, sealed), "not with another account's key");
    require(!vault.open(keys.june, alice, place, sealed), "not with another period's key");
    if (!std::ranges::all_of(place, [](auto byte) { return byte == 0; }))
        require(!vault.open(keys.may, alice, {}, sealed), "not at another place");
    require(!vault.open_hold(hold, sealed), "not with the key of a hold");
    if (bytes.empty() || bytes.back() == 0) return;
    sealed[bytes.front() * sealed.size() / 256] ^= bytes.back();
    require(!vault.open(keys.may, alice, place, sealed), "what was changed does not open");
    require(!vault.open_at(place, keys.may, alice, sealed), "nor as what is written more than once");
}

/// The same for what is written more than once in its place.
void check_place(Keys& keys, crypto::Bytes bytes)
{
    auto& vault = keys.vault;
    auto sealed = vault.seal_at(bytes, keys.may, alice, bytes);
    const auto opened = vault.open_at(bytes, keys.may, alice, sealed);
    require(opened && std::ranges::equal(*opened, bytes), "what was sealed in its place opens");
    require(!vault.open_at(bytes, keys.may, bob, sealed), "not with another account's key");
    require(!vault.open_at(bytes, keys.june, alice, sealed), "not with another period's key");
    if (bytes.empty()) return;
    require(!vault.open_at(bytes.first(bytes.size() - 1), keys.may, alice, sealed), "not at another place");
    if (bytes.back() == 0) return;
    sealed[bytes.front() * sealed.size() / 256] ^= bytes.back();
    require(!vault.open_at(bytes, keys.may, alice, sealed), "what was changed does not open in its place");
}

/// The same for a hold.
void check_hold(Keys& keys, crypto::Bytes bytes)
{
    auto& vault = keys.vault;
    auto sealed = vault.seal_hold(hold, bytes);
    const auto opened = vault.open_hold(hold, sealed);
    require(opened && std::ranges::equal(*opened, bytes), "what is held opens");
    require(!vault.open_hold(other_hold, sealed), "not with another hold's key");
    if (bytes.empty() || bytes.back() == 0) return;
    sealed[bytes.front() * sealed.size() / 256] ^= bytes.back();
    require(!vault.open_hold(hold, sealed), "what was changed does not open as held");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static Keys keys;
    const crypto::Bytes bytes{data, size};
    check_record(bytes);
    check_opening(keys, bytes);
    check_slot(bytes);
    check_sealing(keys, bytes);
    check_place(keys, bytes);
    check_hold(keys, bytes);
    return 0;
}
