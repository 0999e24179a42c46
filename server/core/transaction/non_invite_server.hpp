#pragma once
#include "core/transaction/machine.hpp"

#include <array>
#include <cstdint>

namespace sotto::transaction {

/// How long a client's Timer E takes to reach T2 (RFC 4320 4.1): whoever still waits then is told that it is worked on.
inline constexpr milliseconds timer_e_at_t2 = 7 * t1;

/// RFC 3261 figure 8. `expired` is not in the figure: when the client's Timer F has run out no answer is of use to it,
/// and since a 408 is forbidden the transaction ends without one (RFC 4320 4.2).
struct NonInviteServerFigure {
    enum class State : std::uint8_t { trying, proceeding, terminated };
    /// `request` is a retransmission; `provisional` (100 only, RFC 4320 4.1) and `final` come from the transaction
    /// user.
    enum class Event : std::uint8_t { request, provisional, final, late, expired, transport_error };
    enum class Action : std::uint8_t { none, send, send_trying, resend, report_transport_error };
    using Row = Transition<State, Event, Action>;
    using Timer = Running<State, Event>;
    static constexpr State initial = State::trying;
    // clang-format off
    static constexpr std::array rows{
        //  from               on                      to                 act
        Row{State::trying,     Event::provisional,     State::proceeding, Action::send},
        Row{State::trying,     Event::final,           State::terminated, Action::send}, // Timer J: 0
        Row{State::trying,     Event::late,            State::proceeding, Action::send_trying}, // RFC 4320 4.1
        Row{State::proceeding, Event::request,         State::proceeding, Action::resend},
        Row{State::proceeding, Event::provisional,     State::proceeding, Action::send},
        Row{State::proceeding, Event::final,           State::terminated, Action::send}, // Timer J: 0
        Row{State::proceeding, Event::expired,         State::terminated, Action::none},
        Row{State::proceeding, Event::transport_error, State::terminated, Action::report_transport_error},
    };
    static constexpr std::array timers{
        Timer{State::trying,     Event::late,    timer_e_at_t2},
        Timer{State::proceeding, Event::expired, no_answer - timer_e_at_t2},
    };
    // clang-format on
};
using NonInviteServer = Machine<NonInviteServerFigure>;

} // namespace sotto::transaction
