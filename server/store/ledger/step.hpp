#pragma once
#include <functional>
#include <string_view>

namespace sotto::store {

/// Called after each step of a long operation: between two steps others may write, and a test can cut it short.
using Step = std::function<void(std::string_view done)>;

} // namespace sotto::store
