#pragma once
#include "core/registrar/location_service.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace sotto::test {

/// What every location service has to do, whatever stands behind it. Call it inside a TEST_CASE: it is made of
/// sections. `make` gives an empty service that answers before its call returns (or is wrapped so).
void location_service_conforms(const std::function<std::unique_ptr<LocationService>()>& make);

/// A binding as a registrar would commit it, with a sealed contact of usual size.
Binding example_binding(std::uint64_t id, FlowId flow, TimePoint expires);

Located look_up(LocationService& service, AorKeys aor, TimePoint now);
bool commit(LocationService& service, AorKeys aor, Located bindings, TimePoint now);
std::vector<Binding> find_all(LocationService& service, BindingId id, TimePoint now);
/// Of a device with one flow at most.
std::optional<Binding> find(LocationService& service, BindingId id, TimePoint now);

} // namespace sotto::test
