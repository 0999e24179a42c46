#include "log/audit_events.hpp"

#include "log/log.hpp"

namespace sotto::log {

void audit_head_is(std::uint64_t sequence, std::string_view hash)
{
    event(Event::audit_head, field("sequence", sequence), field("hash", Plain{hash}));
}

void audit_is_signed(std::uint64_t sequence, std::string_view hash, std::string_view signature)
{
    event(Event::audit_checkpoint, field("sequence", sequence), field("hash", Plain{hash}),
          field("signature", Plain{signature}));
}

} // namespace sotto::log
