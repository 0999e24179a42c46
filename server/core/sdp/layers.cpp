#include "core/sdp/layers.hpp"

#include "core/sdp/lines.hpp"
#include "core/sdp/media_names.hpp"

#include <algorithm>

namespace sotto::sdp {
namespace {

constexpr std::size_t most_layers = 32;

bool rtp_names_layers(const Description& description, const Section& section)
{
    const auto& where = section.names(rule_for("extmap")) ? section : description.session;
    return std::ranges::any_of(description.attributes_of(where), [](const Attribute& attribute) {
        const auto extension = attribute.rule->kind == Kind::extmap ? read_extension(attribute.value) : std::nullopt;
        return extension && extension->uri() == layer_extension;
    });
}

} // namespace

std::vector<std::string_view> layers_in(const Description& description, const Section& section)
{
    std::vector<std::string_view> names;
    if (!section.names(rule_for("rid")) || !rtp_names_layers(description, section)) return names;
    for (const auto& attribute : description.attributes_of(section))
        if (attribute.rule->kind == Kind::rid && names.size() < most_layers)
            if (const auto name = layer_name(attribute.value); !name.empty()) names.push_back(name);
    return names;
}

} // namespace sotto::sdp
