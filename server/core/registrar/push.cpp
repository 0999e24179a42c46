#include "core/registrar/push.hpp"

#include "core/dialog/remote_target.hpp"

namespace sotto {
namespace {

constexpr char between = '\n'; // stands in no URI

bool is_push_parameter(std::string_view parameter)
{
    return parameter.size() > 3 && iequals(parameter.substr(0, 3), "pn-");
}

} // namespace

std::optional<PushParameters> push_parameters(const Uri& contact)
{
    const auto provider = contact.param("pn-provider");
    if (!provider) return std::nullopt;
    const auto text = [&](std::string_view name) {
        return unescape(contact.param(name).value_or(std::string_view{})).value_or(std::string{});
    };
    return PushParameters{.provider = lower(*provider), .parameter = text("pn-param"), .token = text("pn-prid")};
}

std::string registered_uri(const Uri& contact) { return request_uri_of(contact, is_push_parameter); }

std::string packed(const PushParameters& parameters)
{
    return parameters.provider + between + parameters.parameter + between + parameters.token;
}

PushParameters unpacked(std::string_view text)
{
    const auto first = text.find(between);
    const auto second = text.find(between, first + 1);
    if (second == std::string_view::npos) return {};
    return {.provider = std::string{text.substr(0, first)},
            .parameter = std::string{text.substr(first + 1, second - first - 1)},
            .token = std::string{text.substr(second + 1)}};
}

} // namespace sotto
