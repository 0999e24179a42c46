#pragma once
#include "app/keys.hpp"
#include "config/settings.hpp"
#include "core/action.hpp"
#include "location/push_memory.hpp"
#include "push/notifier.hpp"

#include <functional>
#include <memory>

namespace sotto::app {

/// Wakes phones that sleep through the push gateway (RFC 8599), where there is one. Any thread, but for `renew`.
class Waking {
public:
    /// Throws std::runtime_error when the gateway's authorities cannot be read.
    Waking(const config::Settings& settings, const Keys& keys);

    /// Empty without a gateway.
    [[nodiscard]] std::function<void(Wake, std::function<void()>)> function();
    /// Wakes those whose registrations are about to end. On the main thread.
    void renew(TimePoint now);
    /// Calls nobody back any more; before the workers go.
    void stop();

    [[nodiscard]] const std::shared_ptr<location::PushMemory>& registrations() const { return registrations_; }
    [[nodiscard]] push::Notifier::Counts counts() const;

private:
    std::shared_ptr<const crypto::ProcessKeys> keys_;
    std::shared_ptr<location::PushMemory> registrations_;
    std::unique_ptr<push::Notifier> notifier_; ///< null: no gateway
};

} // namespace sotto::app
