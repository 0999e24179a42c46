#pragma once
#include "app/handover.hpp"
#include "core/types/time.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/process_keys.hpp"
#include "location/dialog_memory.hpp"
#include "location/push_memory.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <memory>
#include <vector>

namespace sotto::app {

/// The keys that live longer than a process: taken up from the one before, handed on whenever they change, and rotated.
/// Timers run on the main thread; what the getters return is shared with the workers.
class Keys {
public:
    /// Takes the handover out of `passed`. Throws std::system_error.
    Keys(boost::asio::io_context& main, std::vector<os::PassedDescriptor>& passed, TimePoint now,
         seconds longest_dialog);
    ~Keys();
    Keys(const Keys&) = delete;
    Keys& operator=(const Keys&) = delete;

    /// A process before has left its keys: its dialogs go on.
    [[nodiscard]] bool resumed() const { return resumed_; }
    [[nodiscard]] const std::shared_ptr<const crypto::ProcessKeys>& process() const { return process_; }
    [[nodiscard]] const std::shared_ptr<crypto::KeyRing>& ring() const { return ring_; }
    /// Of rotating hashes: under what names accounts are known to the location service.
    [[nodiscard]] const std::shared_ptr<crypto::KeyRing>& hash_ring() const { return hash_ring_; }
    /// What must outlive the process of the dialogs; what belongs to a destroyed key is forgotten.
    [[nodiscard]] const std::shared_ptr<location::SharedDialogMemory>& dialogs() const { return dialogs_; }

    /// What phones that sleep have registered, sealed under the keys of `process`.
    [[nodiscard]] const std::shared_ptr<location::PushMemory>& sleepers() const { return sleepers_; }

    /// From here on keys are rotated; `on_rotation` runs after each time.
    void start(std::function<void()> on_rotation);

private:
    void hand_on();
    void rotate();

    Handover handover_;
    bool resumed_;
    std::shared_ptr<const crypto::ProcessKeys> process_;
    std::shared_ptr<crypto::KeyRing> ring_;
    std::shared_ptr<crypto::KeyRing> hash_ring_;
    std::shared_ptr<location::SharedDialogMemory> dialogs_;
    std::shared_ptr<location::PushMemory> sleepers_;
    std::function<void()> on_rotation_;
    boost::asio::steady_timer midnight_, rotation_;
};

} // namespace sotto::app
