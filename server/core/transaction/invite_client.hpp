#pragma once
#include "core/transaction/machine.hpp"

#include <array>
#include <cstdint>

namespace sotto::transaction {

/// RFC 3261 figure 5 with Accepted from RFC 6026 7.2. Timer C belongs to the proxy, not to the transaction.
struct InviteClientFigure {
    enum class State : std::uint8_t { calling, proceeding, accepted, terminated };
    enum class Event : std::uint8_t { provisional, success, failure, timer_b, timer_m, transport_error };
    enum class Action : std::uint8_t {
        none,
        pass_up,               ///< the response goes to the transaction user
        ack_and_pass_up,       ///< and the transaction itself sends the ACK (17.1.1.3)
        report_timeout,        ///< counts as a 408 (16.9)
        report_transport_error ///< counts as a 503 (16.9)
    };
    using Row = Transition<State, Event, Action>;
    using Timer = Running<State, Event>;
    static constexpr State initial = State::calling;
    // clang-format off
    static constexpr std::array rows{
        //  from               on                      to                 act
        Row{State::calling,    Event::provisional,     State::proceeding, Action::pass_up},
        Row{State::calling,    Event::success,         State::accepted,   Action::pass_up},
        Row{State::calling,    Event::failure,         State::terminated, Action::ack_and_pass_up}, // Timer D: 0
        Row{State::calling,    Event::timer_b,         State::terminated, Action::report_timeout},
        Row{State::calling,    Event::transport_error, State::terminated, Action::report_transport_error},
        Row{State::proceeding, Event::provisional,     State::proceeding, Action::pass_up},
        Row{State::proceeding, Event::success,         State::accepted,   Action::pass_up},
        Row{State::proceeding, Event::failure,         State::terminated, Action::ack_and_pass_up}, // Timer D: 0
        Row{State::accepted,   Event::success,         State::accepted,   Action::pass_up},
        Row{State::accepted,   Event::timer_m,         State::terminated, Action::none},
    };
    static constexpr std::array timers{
        Timer{State::calling,  Event::timer_b, no_answer},
        Timer{State::accepted, Event::timer_m, no_answer},
    };
    // clang-format on
};
using InviteClient = Machine<InviteClientFigure>;

} // namespace sotto::transaction
