#pragma once
#include "core/billing/tariff.hpp"
#include "core/types/ids.hpp"
#include "core/types/time.hpp"

#include <functional>
#include <string>

namespace sotto::billing {

/// How a party of a call is reached, for its sign of life: a live flow, or a live binding of its device. Kept in memory
/// only.
struct Reach {
    FlowId flow;
    BindingId binding;
};

/// A billed call that was answered and is to be recorded before the caller hears of it.
struct AnsweredCall {
    KeyedHash dialog;        ///< of the dialog's salt: what the record is found by while the call runs
    AccountId account;       ///< who is billed
    std::string destination; ///< as far as rating needs it
    Tariff tariff;
    Reach caller, callee;
};

/// The ledger of billed calls as the core and its worker know it. Every function may be called from any thread, and
/// none waits for the disk.
class CallLedger {
public:
    virtual ~CallLedger() = default;

    /// False: no billed call may begin, since its record could not be written.
    [[nodiscard]] virtual bool writable() const = 0;
    /// False: no call is being recorded, so that nothing needs to be told of a request in a dialog.
    [[nodiscard]] virtual bool recording() const = 0;

    /// `recorded(true)`, once and on any thread: the call is on the disk. False: it is not, and will not be.
    virtual void answered(AnsweredCall call, std::function<void(bool)> recorded) = 0;
    /// A sign of life. Dialogs that are not recorded are nobody's business.
    virtual void alive(KeyedHash dialog) = 0;
    /// `ago`: how long it is that the call has ended.
    virtual void ended(KeyedHash dialog, milliseconds ago = {}) = 0;
};

} // namespace sotto::billing
