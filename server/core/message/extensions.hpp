#pragma once
#include "core/message/message.hpp"

#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// The option tags of Require and Proxy-Require that are not understood, as the value of Unsupported; empty: all are.
/// `carried`: what may stand in Require (RFC 3261 8.2.2.3, 10.3 step 2); of Proxy-Require (16.3 step 5) it is RFC
/// 3323's `privacy`.
std::string extensions_not_carried(const Message& request, std::span<const std::string_view> carried);

} // namespace sotto
