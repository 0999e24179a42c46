#pragma once
#include "config/settings.hpp"
#include "ctl/admin/protocol.hpp"

#include <memory>
#include <stdexcept>
#include <string_view>

namespace sotto::ctl {

/// Neither the daemon nor the store can be reached: exit status 3. `what()` is the sentence for the operator.
class Unreachable : public std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Where commands go: the running daemon, or the store itself while no daemon runs.
class Backend {
public:
    virtual ~Backend() = default;
    /// Throws Unreachable when the other side is lost on the way.
    virtual Reply call(std::string_view command, const json::object& arguments) = 0;
};

/// Connects to the daemon. When none runs and `works_offline`, takes the lock of the state directory and works on the
/// store directly. Throws Unreachable.
std::unique_ptr<Backend> connect(const config::Settings& settings, bool works_offline);

} // namespace sotto::ctl
