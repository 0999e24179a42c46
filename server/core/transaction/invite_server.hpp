#pragma once
#include "core/transaction/machine.hpp"

#include <array>
#include <cstdint>

namespace sotto::transaction {

/// RFC 3261 figure 7 as RFC 6026 7.1 replaces it: Accepted after a 2xx, and a response that could not be sent ends
/// nothing (the caller may come back on another flow). Proceeding has no timer: Timer C of the proxy bounds it.
struct InviteServerFigure {
    enum class State : std::uint8_t { proceeding, completed, accepted, terminated };
    /// `invite` is a retransmission and `ack` the ACK that match; `provisional`, `success` and `failure` are responses
    /// of the transaction user.
    enum class Event : std::uint8_t { invite, ack, provisional, success, failure, timer_h, timer_l, transport_error };
    enum class Action : std::uint8_t {
        none,
        send,           ///< the response at hand
        resend,         ///< the latest response, if any was sent
        pass_up,        ///< the ACK goes to the transaction user
        report_timeout, ///< no ACK came (17.2.1)
        report_transport_error
    };
    using Row = Transition<State, Event, Action>;
    using Timer = Running<State, Event>;
    static constexpr State initial = State::proceeding;
    // clang-format off
    static constexpr std::array rows{
        //  from               on                      to                 act
        Row{State::proceeding, Event::invite,          State::proceeding, Action::resend},
        Row{State::proceeding, Event::provisional,     State::proceeding, Action::send},
        Row{State::proceeding, Event::success,         State::accepted,   Action::send},
        Row{State::proceeding, Event::failure,         State::completed,  Action::send},
        Row{State::proceeding, Event::transport_error, State::proceeding, Action::report_transport_error},
        Row{State::completed,  Event::invite,          State::completed,  Action::resend},
        Row{State::completed,  Event::ack,             State::terminated, Action::none}, // Timer I: 0
        Row{State::completed,  Event::timer_h,         State::terminated, Action::report_timeout},
        Row{State::completed,  Event::transport_error, State::completed,  Action::report_transport_error},
        Row{State::accepted,   Event::success,         State::accepted,   Action::send},
        Row{State::accepted,   Event::ack,             State::accepted,   Action::pass_up},
        Row{State::accepted,   Event::timer_l,         State::terminated, Action::none},
        Row{State::accepted,   Event::transport_error, State::accepted,   Action::report_transport_error},
    };
    static constexpr std::array timers{
        Timer{State::completed, Event::timer_h, no_answer},
        Timer{State::accepted,  Event::timer_l, no_answer},
    };
    // clang-format on
};
using InviteServer = Machine<InviteServerFigure>;

} // namespace sotto::transaction
