#include "audit/vault.hpp"

#include <openssl/evp.h>
#include <openssl/rand.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <stdexcept>

namespace sotto::audit {
namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;
/// Lengths tell little: a sealed value fills whole steps of this.
constexpr std::size_t length_step = 64;
constexpr std::size_t longest_text = 4096;

template <std::size_t n> void fill_random(std::array<std::uint8_t, n>& bytes)
{
    if (RAND_bytes(bytes.data(), static_cast<int>(n)) != 1) throw std::runtime_error{"no random bytes"};
}

std::string base64(const std::vector<std::uint8_t>& bytes)
{
    std::string text(4 * ((bytes.size() + 2) / 3) + 1, '\0');
    const int length =
        EVP_EncodeBlock(reinterpret_cast<unsigned char*>(text.data()), bytes.data(), static_cast<int>(bytes.size()));
    text.resize(static_cast<std::size_t>(length));
    return text;
}

std::optional<std::vector<std::uint8_t>> from_base64(std::string_view text)
{
    if (text.empty() || text.size() % 4 != 0) return std::nullopt;
    std::vector<std::uint8_t> bytes(text.size() / 4 * 3);
    const int length = EVP_DecodeBlock(bytes.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                       static_cast<int>(text.size()));
    if (length < 0) return std::nullopt;
    const auto padding = static_cast<std::size_t>(std::ranges::count(text.substr(text.size() - 2), '='));
    bytes.resize(static_cast<std::size_t>(length) - padding);
    return bytes;
}

/// Length, text, zeros.
std::vector<std::uint8_t> padded(std::string_view text)
{
    text = text.substr(0, longest_text);
    std::vector<std::uint8_t> plain((text.size() + 2 + length_step - 1) / length_step * length_step);
    plain[0] = static_cast<std::uint8_t>(text.size() >> 8U);
    plain[1] = static_cast<std::uint8_t>(text.size() & 0xFFU);
    std::ranges::copy(text, plain.begin() + 2);
    return plain;
}

std::optional<std::size_t> take_number(std::string_view& text)
{
    std::size_t number = 0;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (wrong != std::errc{} || end == text.data() + text.size() || *end != '.') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
    return number;
}

std::array<std::uint8_t, 16> tag_under(const crypto::Secret& key, const std::string& text)
{
    const auto whole = crypto::HmacSha256{key.bytes()}(crypto::as_bytes(text));
    std::array<std::uint8_t, 16> tag{};
    std::copy_n(whole.begin(), tag.size(), tag.begin());
    return tag;
}

/// Of a person, under the key of a period.
std::array<std::uint8_t, 16> person_tag(const crypto::Secret& period, std::string_view subject)
{
    return tag_under(period, "person " + std::string{subject});
}

} // namespace

Vault::Month month_of(std::chrono::system_clock::time_point time)
{
    const std::chrono::year_month_day date{std::chrono::floor<std::chrono::days>(time)};
    return date.year() / date.month();
}

Vault::Vault(std::filesystem::path file, const crypto::Secret& audit_key)
    : path_{std::move(file)}, wrapping_{crypto::derive(audit_key, "audit vault keys")}, tagging_{crypto::derive(
                                                                                            audit_key,
                                                                                            "audit vault tags")}
{
    read();
}

std::error_code Vault::read()
{
    if (file_) return {};
    std::error_code failed;
    if (!std::filesystem::exists(path_, failed)) return failed; // made with the first key
    const auto text = read_all(path_);
    if (!text) return text.error();
    auto opened = open_own(path_);
    if (!opened) return opened.error();
    places_.resize(text->size() / sizeof(Place)); // a last place that was not written to its end holds nothing yet
    if (!places_.empty()) std::memcpy(places_.data(), text->data(), places_.size() * sizeof(Place));
    for (std::size_t i = 0; i < places_.size(); ++i)
        if (places_[i].kind != Kind::destroyed) by_tag_[places_[i].tag] = i;
    file_ = std::move(*opened);
    return {};
}

Vault::Tag Vault::period_tag(std::string_view purpose, Month month) const
{
    return tag_under(tagging_, "period " + std::string{purpose} + " " + std::to_string(static_cast<int>(month.year())) +
                                   "-" + std::to_string(static_cast<unsigned>(month.month())));
}

boost::system::result<std::size_t, std::error_code> Vault::place_of(Kind kind, const Tag& tag, std::string_view purpose,
                                                                    Month month)
{
    if (const auto failed = read()) return failed;
    if (const auto found = by_tag_.find(tag); found != by_tag_.end()) return found->second;
    if (!file_) {
        auto made = open_own(path_);
        if (!made) return made.error();
        file_ = std::move(*made);
    }
    Place place{.kind = kind,
                .month = static_cast<std::uint8_t>(static_cast<unsigned>(month.month())),
                .year = static_cast<std::uint16_t>(static_cast<int>(month.year())),
                .tag = tag};
    std::copy_n(purpose.begin(), std::min(purpose.size(), place.purpose.size()), place.purpose.begin());
    fill_random(place.nonce);
    const auto key = crypto::Secret::random(place.wrapped.size());
    crypto::AesGcm{wrapping_.bytes()}.seal(place.nonce, key.bytes(), place.wrapped, place.authenticator);
    const auto at = places_.size();
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&place);
    auto failed = write_at(file_, at * sizeof place, {bytes, sizeof place});
    if (!failed) failed = flush(file_);
    if (failed) return failed;
    places_.push_back(place);
    by_tag_[tag] = at;
    return at;
}

std::optional<crypto::Secret> Vault::key_at(std::size_t at) const
{
    if (at >= places_.size() || places_[at].kind == Kind::destroyed) return std::nullopt;
    const auto& place = places_[at];
    crypto::Secret key{place.wrapped.size()};
    if (!crypto::AesGcm{wrapping_.bytes()}.open(place.nonce, place.wrapped, place.authenticator, key.bytes()))
        return std::nullopt;
    return key;
}

std::optional<crypto::Secret> Vault::joined_key(std::size_t period, std::optional<std::size_t> person) const
{
    auto key = key_at(period);
    if (!key || !person) return key;
    const auto own = key_at(*person);
    if (!own) return std::nullopt;
    return crypto::Secret{crypto::HmacSha256{key->bytes()}(own->bytes())};
}

boost::system::result<std::string, std::error_code> Vault::seal(std::string_view text, std::string_view purpose,
                                                                Month month, std::string_view subject)
{
    const auto period = place_of(Kind::period, period_tag(purpose, month), purpose, month);
    if (!period) return period.error();
    std::optional<std::size_t> person;
    if (!subject.empty()) {
        const auto period_key = key_at(*period);
        if (!period_key) return std::make_error_code(std::errc::io_error); // made under another audit key
        const auto place = place_of(Kind::person, person_tag(*period_key, subject), purpose, month);
        if (!place) return place.error();
        person = *place;
    }
    const auto key = joined_key(*period, person);
    if (!key) return std::make_error_code(std::errc::io_error); // the file was made under another audit key
    const auto plain = padded(text);
    std::vector<std::uint8_t> sealed(nonce_bytes + tag_bytes + plain.size());
    const std::span all{sealed};
    std::array<std::uint8_t, nonce_bytes> nonce{};
    fill_random(nonce);
    std::ranges::copy(nonce, sealed.begin());
    crypto::AesGcm{key->bytes()}.seal(nonce, plain, all.subspan(nonce_bytes + tag_bytes),
                                      all.subspan(nonce_bytes).first<tag_bytes>());
    return std::to_string(*period) + "." + (person ? std::to_string(*person) + "." : "-.") + base64(sealed);
}

std::optional<std::string> Vault::open(std::string_view sealed) const
{
    const auto period = take_number(sealed);
    std::optional<std::size_t> person;
    if (sealed.starts_with("-."))
        sealed.remove_prefix(2);
    else if (!(person = take_number(sealed)))
        return std::nullopt;
    const auto bytes = from_base64(sealed);
    if (!period || !bytes || bytes->size() < nonce_bytes + tag_bytes + length_step) return std::nullopt;
    const auto key = joined_key(*period, person);
    if (!key) return std::nullopt;
    const std::span<const std::uint8_t> all{*bytes};
    std::vector<std::uint8_t> plain(all.size() - nonce_bytes - tag_bytes);
    if (!crypto::AesGcm{key->bytes()}.open(all.first<nonce_bytes>(), all.subspan(nonce_bytes + tag_bytes),
                                           all.subspan(nonce_bytes).first<tag_bytes>(), plain))
        return std::nullopt;
    const auto length = static_cast<std::size_t>(plain[0]) * 256 + plain[1];
    if (length + 2 > plain.size()) return std::nullopt;
    return std::string{plain.begin() + 2, plain.begin() + 2 + static_cast<std::ptrdiff_t>(length)};
}

std::error_code Vault::destroy(const std::vector<std::size_t>& places)
{
    if (places.empty()) return {};
    const Place nothing{};
    const auto* bytes = reinterpret_cast<const std::uint8_t*>(&nothing);
    for (const auto at : places)
        if (const auto failed = write_at(file_, at * sizeof nothing, {bytes, sizeof nothing})) return failed;
    if (const auto failed = flush(file_)) return failed;
    for (const auto at : places) {
        by_tag_.erase(places_[at].tag);
        places_[at] = nothing;
    }
    return {};
}

std::error_code Vault::forget(std::string_view subject)
{
    if (const auto failed = read()) return failed;
    std::vector<std::size_t> theirs;
    for (std::size_t at = 0; at < places_.size(); ++at) {
        if (places_[at].kind != Kind::period) continue;
        const auto period = key_at(at);
        if (!period) continue; // made under another audit key, and so was every tag of it
        if (const auto found = by_tag_.find(person_tag(*period, subject)); found != by_tag_.end())
            theirs.push_back(found->second);
    }
    return destroy(theirs);
}

boost::system::result<std::size_t, std::error_code> Vault::forget_before(std::string_view purpose, Month first_kept)
{
    if (const auto failed = read()) return failed;
    std::vector<std::size_t> over;
    for (std::size_t at = 0; at < places_.size(); ++at) {
        const auto& place = places_[at];
        const std::string_view whose{place.purpose.data(), ::strnlen(place.purpose.data(), place.purpose.size())};
        const Month month = std::chrono::year{place.year} / std::chrono::month{place.month};
        if (place.kind != Kind::destroyed && whose == purpose && month < first_kept) over.push_back(at);
    }
    if (const auto failed = destroy(over)) return failed;
    return over.size();
}

} // namespace sotto::audit
