#pragma once
#include "audit/files.hpp"
#include "crypto/primitives.hpp"
#include "crypto/secret.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::audit {

/// Seals the personal values of the audit log. A value's key comes from two: one of the entry's period, which is its
/// purpose and month, and one of the person it is about, in that period. Both lie wrapped in one small file, in a place
/// of a fixed size each; overwriting a place is the deletion of everything that was sealed with its key (DESIGN.md 4).
///
/// A person's place is found by a tag that the period's own key makes, and goes with the period: whoever has the audit
/// key and the log cannot tell afterwards whether somebody was ever in it, and entries of two periods never show that
/// they are about the same person. One thread at a time.
class Vault {
public:
    using Month = std::chrono::year_month;

    /// `file` is made with the first key. While it cannot be read, nothing can be sealed or opened.
    Vault(std::filesystem::path file, const crypto::Secret& audit_key);

    /// "period.person.base64": places of the keys, and the sealed value. `subject` may be empty.
    boost::system::result<std::string, std::error_code> seal(std::string_view text, std::string_view purpose,
                                                             Month month, std::string_view subject);
    /// Nothing when a key was destroyed, or the text was not made by this vault.
    [[nodiscard]] std::optional<std::string> open(std::string_view sealed) const;

    /// Destroys the keys of a person, of all periods. The person's next value gets a new one.
    std::error_code forget(std::string_view subject);
    /// Destroys the purpose's keys of all months before `first_kept`, and with them those of persons; says how many.
    boost::system::result<std::size_t, std::error_code> forget_before(std::string_view purpose, Month first_kept);

private:
    enum class Kind : std::uint8_t { destroyed = 0, person = 1, period = 2 };
    using Tag = std::array<std::uint8_t, 16>;
    /// As it lies in the file.
    struct Place {
        Kind kind{Kind::destroyed};
        std::uint8_t month{0}; ///< with year and purpose: the period, of a person too
        std::uint16_t year{0};
        std::array<char, 28> purpose{};
        Tag tag{};
        std::array<std::uint8_t, 12> nonce{};
        std::array<std::uint8_t, 32> wrapped{};
        std::array<std::uint8_t, 16> authenticator{};
        std::array<std::uint8_t, 20> reserved{};
    };
    static_assert(sizeof(Place) == 128);

    std::error_code read();
    [[nodiscard]] Tag period_tag(std::string_view purpose, Month month) const;
    boost::system::result<std::size_t, std::error_code> place_of(Kind kind, const Tag& tag, std::string_view purpose,
                                                                 Month month);
    [[nodiscard]] std::optional<crypto::Secret> key_at(std::size_t place) const;
    [[nodiscard]] std::optional<crypto::Secret> joined_key(std::size_t period, std::optional<std::size_t> person) const;
    std::error_code destroy(const std::vector<std::size_t>& places);

    std::filesystem::path path_;
    crypto::Secret wrapping_;
    crypto::Secret tagging_;
    File file_;
    std::vector<Place> places_;
    std::map<Tag, std::size_t> by_tag_;
};

/// The month (UTC) of a time.
Vault::Month month_of(std::chrono::system_clock::time_point time);

} // namespace sotto::audit
