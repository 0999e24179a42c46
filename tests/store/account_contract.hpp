#pragma once
#include "store/account_store.hpp"

#include <functional>
#include <memory>

namespace sotto::test {

/// What every store of accounts has to do, whatever stands behind it. Call it inside a TEST_CASE: it is made of
/// sections. `open` gives a store on the same storage, empty at first, each time it is called, after the one before has
/// gone; it serves the domains of `policy()`. `restore` puts what `back_up` has written in their place, while none is
/// open.
void accounts_conform(const std::function<std::unique_ptr<store::AccountStore>()>& open,
                      const std::function<void(const std::filesystem::path&)>& restore);

} // namespace sotto::test
