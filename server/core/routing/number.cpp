#include "core/routing/number.hpp"

#include "core/types/host.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr std::size_t fewest_digits = 7;
/// Within an area. With fewer it may be a short code of the country, such as 110, 115 or 116117, which have up to six:
/// completed, it would be somebody's number in the area.
constexpr std::size_t fewest_local_digits = 7;
constexpr std::size_t most_digits = 15; ///< ITU-T E.164 6.2.1

bool all_digits(std::string_view text)
{
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::string> complete(std::string number)
{
    return is_e164(number) ? std::optional{std::move(number)} : std::nullopt;
}

} // namespace

std::string dialled_digits(std::string_view user)
{
    constexpr std::string_view separators = "-.()";
    std::string digits;
    for (std::size_t i = 0; i < user.size(); ++i) {
        const char c = user[i];
        if (separators.find(c) != std::string_view::npos && i > 0) continue;
        if (c == '+' ? !digits.empty() : (c < '0' || c > '9') && c != '(') return {};
        if (c != '(') digits += c;
    }
    return digits == "+" ? std::string{} : digits;
}

bool is_e164(std::string_view number)
{
    if (!number.starts_with('+')) return false;
    const auto digits = number.substr(1);
    return digits.size() >= fewest_digits && digits.size() <= most_digits && digits.front() != '0' &&
           all_digits(digits);
}

std::optional<std::string> to_e164(std::string_view digits, const NumberPlan& plan)
{
    if (digits.starts_with('+')) return complete(std::string{digits});
    if (!all_digits(digits)) return std::nullopt;
    const bool prefix_alone = digits == plan.international || digits == plan.national;
    if (!plan.extension_base.empty() && digits.size() == plan.extension_digits && !prefix_alone)
        return complete(plan.extension_base + std::string{digits});
    if (plan.country.empty()) return std::nullopt;
    if (!plan.international.empty() && digits.starts_with(plan.international))
        return complete("+" + std::string{digits.substr(plan.international.size())});
    if (!plan.national.empty() && digits.starts_with(plan.national))
        return complete("+" + plan.country + std::string{digits.substr(plan.national.size())});
    // A country without a national prefix dials all its numbers whole.
    if (plan.national.empty()) return complete("+" + plan.country + std::string{digits});
    if (plan.area.empty() || digits.size() < fewest_local_digits) return std::nullopt;
    return complete("+" + plan.country + plan.area + std::string{digits});
}

TelNumber read_tel(const Uri& uri)
{
    if (uri.scheme != Scheme::tel) return {};
    auto digits = dialled_digits(uri.user);
    if (digits.starts_with('+')) return {.digits = std::move(digits), .context_domain = {}};
    const auto context = uri.param("phone-context");
    if (digits.empty() || !context) return {}; // RFC 3966 5.1.5: a local number must say where it counts
    if (context->starts_with('+')) return {.digits = dialled_digits(*context) + digits, .context_domain = {}};
    return {.digits = std::move(digits), .context_domain = lower(without_final_dot(*context))};
}

} // namespace sotto
