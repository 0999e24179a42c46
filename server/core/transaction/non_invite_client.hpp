#pragma once
#include "core/transaction/machine.hpp"

#include <array>
#include <cstdint>

namespace sotto::transaction {

/// RFC 3261 figure 6. After a timeout the transaction user stays silent: a 408 to a non-INVITE request is forbidden
/// (RFC 4320 4.2).
struct NonInviteClientFigure {
    enum class State : std::uint8_t { trying, proceeding, terminated };
    enum class Event : std::uint8_t { provisional, final, timer_f, transport_error };
    enum class Action : std::uint8_t { none, pass_up, report_timeout, report_transport_error };
    using Row = Transition<State, Event, Action>;
    using Timer = Running<State, Event>;
    static constexpr State initial = State::trying;
    // clang-format off
    static constexpr std::array rows{
        //  from               on                      to                 act
        Row{State::trying,     Event::provisional,     State::proceeding, Action::pass_up},
        Row{State::trying,     Event::final,           State::terminated, Action::pass_up}, // Timer K: 0
        Row{State::trying,     Event::timer_f,         State::terminated, Action::report_timeout},
        Row{State::trying,     Event::transport_error, State::terminated, Action::report_transport_error},
        Row{State::proceeding, Event::provisional,     State::proceeding, Action::pass_up},
        Row{State::proceeding, Event::final,           State::terminated, Action::pass_up}, // Timer K: 0
        Row{State::proceeding, Event::timer_f,         State::terminated, Action::report_timeout},
        Row{State::proceeding, Event::transport_error, State::terminated, Action::report_transport_error},
    };
    static constexpr std::array timers{
        Timer{State::trying,     Event::timer_f, no_answer},
        Timer{State::proceeding, Event::timer_f, no_answer},
    };
    // clang-format on
};
using NonInviteClient = Machine<NonInviteClientFigure>;

} // namespace sotto::transaction
