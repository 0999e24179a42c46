#include "store/ledger/vault.hpp"

#include "store/store_error.hpp"

#include <openssl/crypto.h>

#include <algorithm>

namespace sotto::store {
namespace {

constexpr std::size_t key_size = 32;
constexpr std::size_t nonce_size = 12;
constexpr std::size_t tag_size = 12; // stands in each row; NIST SP 800-38D 5.2.1.2
using Nonce = std::array<std::uint8_t, nonce_size>;

/// Random nonces share a key with these: 2^-96 for each pair of them.
Nonce nonce_of(const RowId& row)
{
    Nonce nonce{};
    std::ranges::copy(row, nonce.begin());
    return nonce;
}

/// tag and cipher text
void seal_into(crypto::AesGcm& cipher, crypto::AesGcm::Nonce nonce, crypto::Bytes plain, std::span<std::uint8_t> out,
               crypto::Bytes place = {})
{
    std::array<std::uint8_t, 16> tag;
    cipher.seal(nonce, plain, out.subspan(tag_size), tag, place);
    std::copy_n(tag.begin(), tag_size, out.begin());
}

std::optional<Sealed> open_with(crypto::AesGcm& cipher, crypto::AesGcm::Nonce nonce, crypto::Bytes sealed,
                                crypto::Bytes place = {})
{
    if (sealed.size() < tag_size) return std::nullopt;
    Sealed plain(sealed.size() - tag_size);
    if (!cipher.open(nonce, sealed.subspan(tag_size), sealed.first<tag_size>(), plain, place)) return std::nullopt;
    return plain;
}

/// nonce, tag and cipher text
Sealed with_nonce(crypto::AesGcm& cipher, crypto::RandomPool& random, crypto::Bytes plain, crypto::Bytes place)
{
    Sealed sealed(nonce_size + tag_size + plain.size());
    const auto out = std::span{sealed};
    random.fill(out.first(nonce_size));
    seal_into(cipher, out.first<nonce_size>(), plain, out.subspan(nonce_size), place);
    return sealed;
}

std::optional<Sealed> open_with_nonce(crypto::AesGcm& cipher, crypto::Bytes sealed, crypto::Bytes place)
{
    if (sealed.size() < nonce_size) return std::nullopt;
    return open_with(cipher, sealed.first<nonce_size>(), sealed.subspan(nonce_size), place);
}

Key row_key(const crypto::Secret& period, const Key& subject)
{
    const crypto::HmacSha256 kdf{period.bytes()};
    Key key;
    key.bytes = kdf(crypto::as_bytes("row"), subject.bytes);
    return key;
}

[[noreturn]] void period_is_gone()
{
    throw StoreError{StoreError::Kind::unavailable, "the key of a period is destroyed"};
}

} // namespace

Vault::Vault(const std::filesystem::path& folder, const crypto::Secret& master, std::size_t remembered)
    : keys_{folder, master},
      most_known_{remembered}, row_keys_{remembered * key_size}, cipher_{std::array<std::uint8_t, key_size>{}}
{
}

RowId row_id_of(crypto::Bytes bytes)
{
    RowId id{};
    std::ranges::copy(bytes.first(std::min(bytes.size(), id.size())), id.begin());
    return id;
}

RowId Vault::row_id()
{
    RowId id;
    random_.fill(id);
    return id;
}

std::uint64_t Vault::number()
{
    std::uint64_t drawn = 0;
    while (drawn == 0) {
        random_.fill({reinterpret_cast<std::uint8_t*>(&drawn), sizeof drawn});
        drawn &= 0x7FFF'FFFF'FFFF'FFFFU;
    }
    return drawn;
}

std::span<std::uint8_t> Vault::key_at(std::size_t at) { return row_keys_.bytes().subspan(at * key_size, key_size); }

void Vault::make_keys(std::span<const AccountId> accounts)
{
    for (const auto account : keys_.make_subject_keys(accounts))
        for (auto& [id, names] : names_) names.emplace(worked_out(*keys_.period_key(id), account), account);
}

std::optional<std::size_t> Vault::find(PeriodId period, AccountId account, bool make)
{
    const Pair pair{period, account};
    if (const auto known = places_.find(pair); known != places_.end()) return known->second;
    const auto* period_key = keys_.period_key(period);
    if (period_key == nullptr) return std::nullopt;
    auto subject_key = keys_.subject_key(account);
    if (!subject_key && !make) return std::nullopt;
    if (!subject_key) {
        make_keys({&account, 1});
        subject_key = keys_.subject_key(account);
    }
    const auto at = known_.size() < most_known_ ? known_.size() : next_;
    if (at == known_.size())
        known_.emplace_back();
    else
        places_.erase(known_[at].of);
    next_ = (at + 1) % most_known_;
    known_[at] = {pair, worked_out(*period_key, account)};
    places_[pair] = at;
    if (keyed_ == at) keyed_.reset();
    if (renewing_ == account) subject_key = keys_.make_next_subject_key(account);
    std::ranges::copy(row_key(*period_key, *subject_key).bytes, key_at(at).begin());
    return at;
}

crypto::AesGcm& Vault::cipher(std::size_t at)
{
    if (keyed_ != at) cipher_.use(key_at(at));
    keyed_ = at;
    return cipher_;
}

Sealed Vault::seal(PeriodId period, AccountId account, const RowId& row, crypto::Bytes plain)
{
    const auto at = find(period, account, true);
    if (!at) period_is_gone();
    Sealed sealed(tag_size + plain.size());
    seal_into(cipher(*at), nonce_of(row), plain, sealed);
    return sealed;
}

std::optional<Sealed> Vault::open(PeriodId period, AccountId account, const RowId& row, crypto::Bytes sealed)
{
    const auto at = find(period, account, false);
    auto plain = at ? open_with(cipher(*at), nonce_of(row), sealed) : std::nullopt;
    if (auto before = plain ? std::nullopt : former(period, account)) plain = open_with(*before, nonce_of(row), sealed);
    return plain;
}

Sealed Vault::seal_at(crypto::Bytes place, PeriodId period, AccountId account, crypto::Bytes plain)
{
    const auto at = find(period, account, true);
    if (!at) period_is_gone();
    return with_nonce(cipher(*at), random_, plain, place);
}

std::optional<Sealed> Vault::open_at(crypto::Bytes place, PeriodId period, AccountId account, crypto::Bytes sealed)
{
    const auto at = find(period, account, false);
    auto plain = at ? open_with_nonce(cipher(*at), sealed, place) : std::nullopt;
    if (auto before = plain ? std::nullopt : former(period, account)) plain = open_with_nonce(*before, sealed, place);
    return plain;
}

Pseudonym Vault::worked_out(const crypto::Secret& period_key, AccountId account) const
{
    const crypto::HmacSha256 hash{period_key.bytes()};
    const auto whole = hash(crypto::as_bytes("subject"),
                            {reinterpret_cast<const std::uint8_t*>(&account.value), sizeof account.value});
    Pseudonym out;
    std::copy_n(whole.begin(), out.size(), out.begin());
    return out;
}

Pseudonym Vault::pseudonym(PeriodId period, AccountId account)
{
    if (const auto known = places_.find({period, account}); known != places_.end())
        return known_[known->second].pseudonym;
    const auto* key = keys_.period_key(period);
    if (key == nullptr) period_is_gone();
    return worked_out(*key, account);
}

std::optional<AccountId> Vault::account_of(PeriodId period, crypto::Bytes pseudonym_bytes)
{
    const auto* key = keys_.period_key(period);
    if (key == nullptr || pseudonym_bytes.size() != Pseudonym{}.size()) return std::nullopt;
    auto known = names_.find(period);
    if (known == names_.end()) {
        known = names_.emplace(period, std::map<Pseudonym, AccountId>{}).first;
        for (const auto account : keys_.subjects()) known->second.emplace(worked_out(*key, account), account);
    }
    Pseudonym sought;
    std::ranges::copy(pseudonym_bytes, sought.begin());
    const auto found = known->second.find(sought);
    return found == known->second.end() ? std::nullopt : std::optional{found->second};
}

Sealed Vault::seal_hold(HoldId id, crypto::Bytes plain)
{
    crypto::AesGcm cipher{keys_.make_hold_key(id).bytes};
    return with_nonce(cipher, random_, plain, {});
}

Sealed Vault::seal_hold_anew(HoldId id, crypto::Bytes plain)
{
    crypto::AesGcm cipher{keys_.make_next_hold_key(id).bytes};
    return with_nonce(cipher, random_, plain, {});
}

std::optional<Sealed> Vault::open_hold(HoldId id, crypto::Bytes sealed)
{
    for (const auto& key : {keys_.hold_key(id), keys_.next_hold_key(id)}) {
        if (!key) continue;
        crypto::AesGcm cipher{key->bytes};
        if (auto plain = open_with_nonce(cipher, sealed, {})) return plain;
    }
    return std::nullopt;
}

std::optional<crypto::AesGcm> Vault::former(PeriodId period, AccountId account)
{
    const auto* period_key = keys_.period_key(period);
    if (renewing_ != account || period_key == nullptr) return std::nullopt;
    const auto subject_key = keys_.subject_key(account);
    if (!subject_key) return std::nullopt;
    return crypto::AesGcm{row_key(*period_key, *subject_key).bytes};
}

void Vault::renew(AccountId account)
{
    if (!keys_.subject_key(account)) return;
    keys_.make_next_subject_key(account);
    renewing_ = account;
    forget_keys();
}

void Vault::renewed()
{
    if (!renewing_) return;
    keys_.replace_subject_key(*renewing_);
    renewing_.reset();
    forget_keys();
}

void Vault::forget_keys()
{
    OPENSSL_cleanse(row_keys_.bytes().data(), known_.size() * key_size);
    cipher_.use(std::array<std::uint8_t, key_size>{});
    keyed_.reset();
    known_.clear();
    places_.clear();
    next_ = 0;
}

void Vault::destroy(PeriodId id)
{
    forget_keys();
    names_.erase(id);
    keys_.destroy(id);
}

void Vault::destroy(AccountId account)
{
    forget_keys();
    names_.clear();
    keys_.destroy(account);
}

} // namespace sotto::store
