#pragma once
#include "core/message/message.hpp"

#include <string>

namespace sotto::test {

/// The message written again from its parts, every one of them, one header to a line and without a Content-Length of
/// our own making. Parsing it gives the same parts: writing it once more gives the same text.
std::string canonical(const Message& message);

} // namespace sotto::test
