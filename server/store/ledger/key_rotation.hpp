#pragma once
#include "store/ledger/call_groups.hpp"
#include "store/ledger/holds.hpp"
#include "store/ledger/recorder.hpp"

namespace sotto::store {

/// New keys for all periods and holds, for purpose `retention`: what is kept is sealed anew, then the old key is
/// destroyed. Cut short at any point, every row opens, and the next run goes on. One thread. Errors: StoreError.
class KeyRotation {
public:
    KeyRotation(const Database& database, Vault& vault, Recorder& recorder, Holds& holds);

    /// How many keys were replaced.
    std::size_t run(const Step& step = {});

private:
    void move_ended(PeriodId from, PeriodId to, const Step& step);

    Vault& vault_;
    Recorder& recorder_;
    Holds& holds_;
    Connection<Purpose::retention> connection_;
    CallGroups groups_;
};

} // namespace sotto::store
