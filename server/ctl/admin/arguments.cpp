#include "ctl/admin/arguments.hpp"

namespace sotto::ctl {

std::string Arguments::text(std::string_view name) const
{
    auto value = optional_text(name);
    if (!value) throw WrongArgument{"argument " + std::string{name} + " is missing"};
    return *std::move(value);
}

std::optional<std::string> Arguments::optional_text(std::string_view name) const
{
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) throw WrongArgument{"argument " + std::string{name} + " is no text"};
    return std::string{value->get_string()};
}

std::optional<bool> Arguments::optional_flag(std::string_view name) const
{
    const auto* value = object_.if_contains(name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_bool()) throw WrongArgument{"argument " + std::string{name} + " is neither true nor false"};
    return value->get_bool();
}

std::vector<std::string> Arguments::texts(std::string_view name) const
{
    std::vector<std::string> out;
    if (object_.if_contains(name) == nullptr) return out;
    for (const auto& value : list(name)) {
        if (!value.is_string()) throw WrongArgument{"argument " + std::string{name} + " is no list of texts"};
        out.emplace_back(value.get_string());
    }
    return out;
}

const json::array& Arguments::list(std::string_view name) const
{
    const auto* value = object_.if_contains(name);
    if (value == nullptr || !value->is_array()) throw WrongArgument{"argument " + std::string{name} + " is no list"};
    return value->get_array();
}

Handler with_arguments(std::function<Reply(const Arguments&, const PeerCredentials&)> function)
{
    return [function = std::move(function)](const json::object& object, const PeerCredentials& peer) -> Reply {
        try {
            return function(Arguments{object}, peer);
        } catch (const WrongArgument& wrong) {
            return CommandError{std::string{usage_code}, wrong.what()};
        }
    };
}

} // namespace sotto::ctl
