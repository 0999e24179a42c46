#pragma once
#include "core/environment.hpp"
#include "core/relay/credentials.hpp"

namespace sotto {

/// Hands out TURN credentials to whoever proves an account by Digest (RFC 7616), as the registrar asks for it: same
/// challenges, same limits, nothing to enumerate.
class RelayDesk {
public:
    explicit RelayDesk(Environment& env) : env_{env} {}
    RelayReply answer(Flow& flow, const RelayRequest& request, TimePoint now, seconds date, Actions& out);

private:
    Environment& env_;
};

} // namespace sotto
