#pragma once
#include "core/message/message.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// What a request asks of the privacy service (RFC 3323 4.2, RFC 3325 9.3, RFC 7044 10.1; the older Remote-Party-ID
/// too).
struct PrivacyWish {
    bool none{false};
    bool header{false};
    bool session{false};
    bool user{false};
    bool id{false};
    bool history{false};
    bool critical{false};
    bool unknown{false}; ///< some value that Sotto does not know, or `none` together with others

    /// The caller's identity is to be withheld. Sotto hides headers from everybody anyway, so that asking for `header`
    /// can only mean more.
    [[nodiscard]] bool withhold() const { return id || user || header; }
    /// Nobody is told who was called before a redirection (RFC 7044 10.1, RFC 5379 5.1.5).
    [[nodiscard]] bool hides_history() const { return header || session || history; }
};
PrivacyWish privacy_wish(const Message& request);

/// A dialled prefix that withholds or shows the caller for one call, as telephone users know it (#31#, *31#).
struct DialPrefixes {
    std::string_view withhold;
    std::string_view show;
};
enum class Dialled : std::uint8_t { plain, withhold, show };
/// Takes the prefix off `user` (unescaped).
Dialled take_prefix(std::string& user, const DialPrefixes& prefixes);

/// Whether the caller is withheld in this call: an anonymous From or a prefix decides first, then the header, then the
/// account's default, which `none` lifts.
bool withheld(const Message& request, const PrivacyWish& wish, Dialled dialled, bool account_default);

/// RFC 5079 3: what counts as an anonymous request for a callee who refuses them.
bool looks_anonymous(const Message& request);

} // namespace sotto
