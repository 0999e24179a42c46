#include "core/registrar/contact.hpp"

#include <algorithm>
#include <charconv>

namespace sotto {
namespace {

constexpr std::uint32_t malformed_expiry = 3600;
constexpr std::uint32_t beyond_any_reg_id = 1U << 31U;

} // namespace

ContactTerms terms_of(const NameAddr& contact)
{
    ContactTerms terms{.contact = &contact};
    for_each_param(contact.params, [&](std::string_view name, std::string_view value) {
        const auto read = [&](std::string_view wanted, std::optional<std::string_view>& into) {
            if (!into && iequals(name, wanted)) into = value;
        };
        read("expires", terms.expires);
        read("q", terms.q);
        read("reg-id", terms.reg_id);
        read("+sip.instance", terms.instance);
    });
    return terms;
}

std::uint32_t seconds_of(std::string_view text)
{
    std::uint32_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc::result_out_of_range) return UINT32_MAX;
    return error == std::errc{} && end == text.data() + text.size() ? value : malformed_expiry;
}

std::uint32_t wanted_expiry(const Message& request, const ContactTerms& terms, seconds lifetime)
{
    if (terms.expires) return seconds_of(*terms.expires);
    if (const auto common = request.field(Header::expires)) return seconds_of(*common);
    return static_cast<std::uint32_t>(lifetime.count());
}

std::uint16_t q_of(const ContactTerms& terms)
{
    const auto& text = terms.q;
    if (!text || text->empty() || (text->front() != '0' && text->front() != '1')) return 1000;
    std::uint16_t value = static_cast<std::uint16_t>((text->front() - '0') * 1000);
    std::uint16_t place = 100;
    for (std::size_t i = 2; i < text->size() && i < 5; ++i, place = static_cast<std::uint16_t>(place / 10)) {
        if ((*text)[1] != '.' || (*text)[i] < '0' || (*text)[i] > '9') return 1000;
        value = static_cast<std::uint16_t>(value + place * ((*text)[i] - '0'));
    }
    return std::min<std::uint16_t>(value, 1000);
}

std::uint32_t reg_id_of(const ContactTerms& terms)
{
    const auto& text = terms.reg_id;
    std::uint32_t value = 0;
    if (!text || !terms.instance) return 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), value);
    return error == std::errc{} && end == text->data() + text->size() && value < beyond_any_reg_id ? value : 0;
}

bool first_hop_keeps_flows(const Message& request)
{
    return request.vias.size() == 1 ||
           std::ranges::any_of(request.paths, [](const NameAddr& path) { return path.uri.param("ob").has_value(); });
}

} // namespace sotto
