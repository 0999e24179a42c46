#pragma once
#include "core/privacy/outbound.hpp"

#include <string>

namespace sotto {

/// RFC 4028 8: a proxy that wants a billed call to show that it lives. Nothing relies on it; without it, only a party
/// that asks by itself refreshes the session.

/// 8.1: the Session-Expires that a billed INVITE leaves with; empty: its own, or none where the caller knows no timers.
std::string refresh_asked(const Message& invite);

/// 8.2: `answer` is of a callee that knows no timers, and nobody between said so yet: the caller alone refreshes. In a
/// billed INVITE, and in each refresh of a caller that does it already.
void ask_caller_to_refresh(Outbound& message, const Message& request, const Message& answer, bool billed);

} // namespace sotto
