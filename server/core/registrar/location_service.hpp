#pragma once
#include "core/registrar/binding.hpp"

#include <cstdint>
#include <functional>
#include <vector>

namespace sotto {

/// Where devices are now (RFC 3261 10, "location service"). Thread-safe; answers come through `Done`, at once or later
/// on the caller's thread, so that a remote engine fits behind it. No lock is held while `Done` runs.
class LocationService {
public:
    virtual ~LocationService() = default;

    /// Live bindings of an account. Unknown: none.
    virtual void look_up(AorKeys aor, TimePoint now, std::function<void(Located)> done) = 0;
    /// Replaces the bindings of an account if nobody changed them since they were read; false: look up again. From then
    /// on all are kept under the key of now.
    virtual void commit(AorKeys aor, Located expected, TimePoint now, std::function<void(bool)> done) = 0;
    /// Every flow of one device by its opaque id (RFC 5626 7), the one refreshed last first. None: not registered.
    virtual void find(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done) = 0;
    /// The same for a request inside a dialog: where nothing is registered, every flow over which that device was until
    /// its registration was removed or ended.
    virtual void find_in_dialog(BindingId id, TimePoint now, std::function<void(std::vector<Binding>)> done) = 0;
    /// Removes what that device has over that flow (RFC 5626 7: a binding dies with its flow).
    virtual void flow_closed(BindingId id, FlowId flow) = 0;
    /// After that for each of its devices: nobody is reached over that flow any more.
    virtual void flow_ended(FlowId flow) = 0;
    /// Removes one of the device's bindings over that flow: behind an edge, which has lost it.
    virtual void flow_failed(BindingId id, FlowId flow, std::uint32_t reg_id) = 0;
    /// Whether that worker is told when bindings of the device may have changed.
    virtual void watch(BindingId id, std::uint16_t worker, bool on) = 0;
    /// Drops what has expired; called at least every second. Returns how many bindings went.
    virtual std::size_t expire(TimePoint now) = 0;
    [[nodiscard]] virtual std::size_t size() const = 0;
};

} // namespace sotto
