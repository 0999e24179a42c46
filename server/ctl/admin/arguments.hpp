#pragma once
#include "ctl/admin/protocol.hpp"

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::ctl {

/// A request whose arguments are not what its command takes. `what()` names the argument, never its value.
class WrongArgument : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Typed access to the arguments of a request, which the desk has compared with the table of commands. Throws
/// WrongArgument for another type, and when a required one is missing.
class Arguments {
public:
    explicit Arguments(const json::object& object) : object_{object} {}

    [[nodiscard]] std::string text(std::string_view name) const;
    [[nodiscard]] std::optional<std::string> optional_text(std::string_view name) const;
    [[nodiscard]] std::optional<bool> optional_flag(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> texts(std::string_view name) const;
    [[nodiscard]] const json::array& list(std::string_view name) const;

private:
    const json::object& object_;
};

/// A handler from a function that takes `Arguments` and may throw WrongArgument.
Handler with_arguments(std::function<Reply(const Arguments&, const PeerCredentials&)> function);

} // namespace sotto::ctl
