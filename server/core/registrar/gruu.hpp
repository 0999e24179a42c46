#pragma once
#include "core/types/cryptography.hpp"
#include "core/types/ids.hpp"
#include "core/types/uri.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// Globally routable URIs of one device (RFC 5627), without a table: all that leads back to the device is sealed into
/// the user part, and whether it still does is asked of the device's live bindings.

/// Temporary GRUUs of one device are valid together: as long as its bindings have this number (RFC 5627 5.1, 5.3). It
/// is drawn when the device registers, and again when its Call-ID changes.
struct GruuSeries {
    std::uint32_t number{0};
    auto operator<=>(const GruuSeries&) const = default;
};

struct TemporaryGruu {
    BindingId device;
    GruuSeries series;
};

constexpr std::size_t temporary_gruu_length = 48;

GruuSeries draw_series(Cryptography& cryptography);
/// The user part of a fresh temporary GRUU: no two are equal, and only Sotto can tell what two have in common
/// (RFC 5627 5.1; authenticated encryption in the place of appendix A.2).
std::string make_temporary_gruu(const TemporaryGruu& what, Cryptography& cryptography);
/// Nothing for what was not made here.
std::optional<TemporaryGruu> open_temporary_gruu(std::string_view user, Cryptography& cryptography);
/// Of a URI with a `gr` parameter without a value, on whatever host.
std::optional<TemporaryGruu> temporary_gruu_in(const Uri& uri, Cryptography& cryptography);

/// The value of `gr` in a device's public GRUU: the same while the keys of the service live.
std::string public_gruu_value(BindingId device, Cryptography& cryptography);

} // namespace sotto
