#pragma once
#include "core/message/message.hpp"
#include "core/types/flow.hpp"
#include "core/types/time.hpp"

#include <string_view>

namespace sotto::net {

/// Is shown what passes on every flow, to draw the ladder of one consenting account (docs/operations.md). Called by
/// every worker's thread, with nothing that may be kept.
class Tap {
public:
    virtual ~Tap() = default;
    virtual void received(const Flow& flow, const Message& message, TimePoint now) = 0;
    virtual void sent(const Flow& flow, std::string_view bytes, TimePoint now) = 0;
};

} // namespace sotto::net
