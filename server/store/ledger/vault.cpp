#include "store/ledger/vault.hpp"

#include "store/store_error.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace sotto::store {
namespace {

constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 16;

/// What stands around a row is part of what is sealed: AES-GCM here takes no further data.
constexpr std::size_t place_size = 16;
using Place = std::array<std::uint8_t, place_size>;

Place place_of(crypto::Bytes place)
{
    Place out{};
    std::ranges::copy(place.first(std::min(place.size(), place_size)), out.begin());
    return out;
}

std::optional<Sealed> open_with(crypto::AesGcm& cipher, crypto::Bytes place, crypto::Bytes sealed)
{
    if (sealed.size() < nonce_size + tag_size + place_size) return std::nullopt;
    Sealed plain(sealed.size() - nonce_size - tag_size);
    if (!cipher.open(sealed.first<nonce_size>(), sealed.subspan(nonce_size + tag_size),
                     sealed.subspan(nonce_size).first<tag_size>(), plain) ||
        !std::ranges::equal(std::span{plain}.first(place_size), place_of(place)))
        return std::nullopt;
    plain.erase(plain.begin(), plain.begin() + place_size);
    return plain;
}

} // namespace

std::uint64_t Vault::number()
{
    std::uint64_t drawn = 0;
    while (drawn == 0) {
        random_.fill({reinterpret_cast<std::uint8_t*>(&drawn), sizeof drawn});
        drawn &= 0x7FFF'FFFF'FFFF'FFFFU;
    }
    return drawn;
}

crypto::AesGcm* Vault::cipher(PeriodId period, AccountId account, bool make)
{
    const RowKey row{period, account};
    if (const auto known = ciphers_.find(row); known != ciphers_.end()) return &known->second;
    const auto* period_key = keys_.period_key(period);
    if (period_key == nullptr) return nullptr;
    auto subject_key = keys_.subject_key(account);
    if (!subject_key && make) {
        subject_key = keys_.make_subject_key(account);
        names_.clear();
    }
    if (!subject_key) return nullptr;
    crypto::HmacSha256 kdf{period_key->bytes()};
    auto key = kdf(crypto::as_bytes("row"), subject_key->bytes());
    if (ciphers_.size() >= most_ciphers) ciphers_.clear();
    auto& cipher = ciphers_.emplace(row, crypto::AesGcm{key}).first->second;
    OPENSSL_cleanse(key.data(), key.size());
    return &cipher;
}

Sealed Vault::seal(crypto::AesGcm& cipher, crypto::Bytes place, crypto::Bytes plain)
{
    Sealed whole(place_size + plain.size());
    std::ranges::copy(place_of(place), whole.begin());
    std::ranges::copy(plain, whole.begin() + place_size);
    Sealed sealed(nonce_size + tag_size + whole.size());
    const auto out = std::span{sealed};
    random_.fill(out.first(nonce_size));
    cipher.seal(out.first<nonce_size>(), whole, out.subspan(nonce_size + tag_size),
                out.subspan<nonce_size, tag_size>());
    OPENSSL_cleanse(whole.data(), whole.size());
    return sealed;
}

Sealed Vault::seal(PeriodId period, AccountId account, crypto::Bytes place, crypto::Bytes plain)
{
    auto* with = cipher(period, account, true);
    if (with == nullptr) throw StoreError{StoreError::Kind::unavailable, "the key of a period is destroyed"};
    return seal(*with, place, plain);
}

std::optional<Sealed> Vault::open(PeriodId period, AccountId account, crypto::Bytes place, crypto::Bytes sealed)
{
    auto* with = cipher(period, account, false);
    return with == nullptr ? std::nullopt : open_with(*with, place, sealed);
}

Pseudonym Vault::pseudonym(PeriodId period, AccountId account)
{
    const auto* key = keys_.period_key(period);
    if (key == nullptr) throw StoreError{StoreError::Kind::unavailable, "the key of a period is destroyed"};
    crypto::HmacSha256 hash{key->bytes()};
    const auto whole = hash(crypto::as_bytes("subject"),
                            {reinterpret_cast<const std::uint8_t*>(&account.value), sizeof account.value});
    Pseudonym out;
    std::copy_n(whole.begin(), out.size(), out.begin());
    return out;
}

std::optional<AccountId> Vault::account_of(PeriodId period, crypto::Bytes pseudonym_bytes)
{
    if (keys_.period_key(period) == nullptr || pseudonym_bytes.size() != Pseudonym{}.size()) return std::nullopt;
    auto known = names_.find(period);
    if (known == names_.end()) {
        known = names_.emplace(period, std::map<Pseudonym, AccountId>{}).first;
        for (const auto account : keys_.subjects()) known->second.emplace(pseudonym(period, account), account);
    }
    Pseudonym sought;
    std::ranges::copy(pseudonym_bytes, sought.begin());
    const auto found = known->second.find(sought);
    return found == known->second.end() ? std::nullopt : std::optional{found->second};
}

Sealed Vault::seal_hold(HoldId id, crypto::Bytes plain)
{
    auto key = keys_.hold_key(id);
    if (!key) key = keys_.make_hold_key(id);
    crypto::AesGcm cipher{key->bytes()};
    return seal(cipher, {}, plain);
}

std::optional<Sealed> Vault::open_hold(HoldId id, crypto::Bytes sealed)
{
    const auto key = keys_.hold_key(id);
    if (!key) return std::nullopt;
    crypto::AesGcm cipher{key->bytes()};
    return open_with(cipher, {}, sealed);
}

void Vault::destroy(PeriodId id)
{
    ciphers_.clear();
    names_.erase(id);
    keys_.destroy(id);
}

void Vault::destroy(AccountId account)
{
    ciphers_.clear();
    names_.clear();
    keys_.destroy(account);
}

} // namespace sotto::store
