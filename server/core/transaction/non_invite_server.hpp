#pragma once
#include "core/transaction/machine.hpp"

#include <array>
#include <cstdint>

namespace sotto::transaction {

/// RFC 3261 figure 8. `expired` is not in the figure: when the client's Timer F has run out no answer is of use to it,
/// and since a 408 is forbidden the transaction ends without one (RFC 4320 4.2).
struct NonInviteServerFigure {
    enum class State : std::uint8_t { trying, proceeding, terminated };
    /// `request` is a retransmission; `provisional` (100 only, RFC 4320 4.1) and `final` come from the transaction
    /// user.
    enum class Event : std::uint8_t { request, provisional, final, expired, transport_error };
    enum class Action : std::uint8_t { none, send, resend, report_transport_error };
    using Row = Transition<State, Event, Action>;
    using Timer = Running<State, Event>;
    static constexpr State initial = State::trying;
    // clang-format off
    static constexpr std::array rows{
        //  from               on                      to                 act
        Row{State::trying,     Event::provisional,     State::proceeding, Action::send},
        Row{State::trying,     Event::final,           State::terminated, Action::send}, // Timer J: 0
        Row{State::trying,     Event::expired,         State::terminated, Action::none},
        Row{State::proceeding, Event::request,         State::proceeding, Action::resend},
        Row{State::proceeding, Event::provisional,     State::proceeding, Action::send},
        Row{State::proceeding, Event::final,           State::terminated, Action::send}, // Timer J: 0
        Row{State::proceeding, Event::expired,         State::terminated, Action::none},
        Row{State::proceeding, Event::transport_error, State::terminated, Action::report_transport_error},
    };
    static constexpr std::array timers{
        Timer{State::trying,     Event::expired, no_answer},
        Timer{State::proceeding, Event::expired, no_answer},
    };
    // clang-format on
};
using NonInviteServer = Machine<NonInviteServerFigure>;

} // namespace sotto::transaction
