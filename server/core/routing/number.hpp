#pragma once
#include "core/routing/route.hpp"
#include "core/types/uri.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace sotto {

/// The digits of what somebody dialled, with a leading '+' where there is one and without visual separators (RFC 3966
/// 3); empty when it is no telephone number.
std::string dialled_digits(std::string_view user);

/// As ITU-T E.164 has it: '+', 7 to 15 digits, none of them a leading 0.
bool is_e164(std::string_view number);

/// The E.164 number that `digits` (see `dialled_digits`) mean by a plan: international, national, within the area, or
/// a short number of the plan's own. Nothing when it is incomplete or too long.
std::optional<std::string> to_e164(std::string_view digits, const NumberPlan& plan);

/// A tel: URI's number (RFC 3966): global, or local in the context of a global prefix. For a local number in the
/// context of a domain only the digits come back, for the domain's plan. Empty: no number.
struct TelNumber {
    std::string digits;
    std::string context_domain; ///< lower case; empty: `digits` are the whole number
};
TelNumber read_tel(const Uri& uri);

} // namespace sotto
