#include "core/transaction/invite_client.hpp"
#include "core/transaction/invite_server.hpp"
#include "core/transaction/non_invite_client.hpp"
#include "core/transaction/non_invite_server.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::transaction;
using namespace std::chrono_literals;

namespace {

constexpr TimePoint start{1h};

/// Every state and event that no row names leaves the state alone and asks for nothing.
template <class M, std::size_t rows>
void check_table(std::array<typename M::Row, rows> expected, int states, int events)
{
    std::size_t named = 0;
    for (int s = 0; s < states; ++s)
        for (int e = 0; e < events; ++e) {
            const auto from = static_cast<typename M::State>(s);
            const auto on = static_cast<typename M::Event>(e);
            const auto got = M::step(from, on);
            const auto row = std::ranges::find_if(expected, [&](auto& r) { return r.from == from && r.on == on; });
            INFO("state " << s << ", event " << e);
            if (row == expected.end()) {
                CHECK(got.to == from);
                CHECK(got.act == M::Action::none);
            } else {
                ++named;
                CHECK(got.to == row->to);
                CHECK(got.act == row->act);
            }
        }
    CHECK(named == rows);
}

} // namespace

TEST_CASE("INVITE client: every state and event of figure 5 with Accepted", "[rfc3261][17.1.1][rfc6026]")
{
    using enum InviteClientFigure::State;
    using Event = InviteClient::Event;
    using Action = InviteClient::Action;
    using Row = InviteClient::Row;
    // clang-format off
    check_table<InviteClient>(std::array{
        Row{calling, Event::provisional, proceeding, Action::pass_up},
        Row{calling, Event::success, accepted, Action::pass_up},
        Row{calling, Event::failure, terminated, Action::ack_and_pass_up},
        Row{calling, Event::timer_b, terminated, Action::report_timeout},
        Row{calling, Event::transport_error, terminated, Action::report_transport_error},
        Row{proceeding, Event::provisional, proceeding, Action::pass_up},
        Row{proceeding, Event::success, accepted, Action::pass_up},
        Row{proceeding, Event::failure, terminated, Action::ack_and_pass_up},
        Row{accepted, Event::success, accepted, Action::pass_up},
        Row{accepted, Event::timer_m, terminated, Action::none},
    }, 4, 6);
    // clang-format on
}

TEST_CASE("INVITE client gives up on Timer B when nobody answers", "[rfc3261][17.1.1.2]")
{
    InviteClient transaction{start};
    CHECK(transaction.deadline() == start + 32s);
    CHECK(transaction.on_deadline(start + 31'999ms) == InviteClient::Action::none);
    CHECK(transaction.on_deadline(start + 32s) == InviteClient::Action::report_timeout);
    CHECK(transaction.terminated());
    CHECK(transaction.deadline() == TimePoint::max());
}

TEST_CASE("INVITE client rings without a timer, and takes every 2xx for 32 s", "[rfc6026][7.2]")
{
    InviteClient transaction{start};
    CHECK(transaction.on(InviteClient::Event::provisional, start + 1s) == InviteClient::Action::pass_up);
    CHECK(transaction.deadline() == TimePoint::max());
    CHECK(transaction.on(InviteClient::Event::success, start + 10s) == InviteClient::Action::pass_up);
    CHECK(transaction.deadline() == start + 42s);
    CHECK(transaction.on(InviteClient::Event::success, start + 20s) == InviteClient::Action::pass_up);
    CHECK(transaction.deadline() == start + 42s);
    CHECK(transaction.on(InviteClient::Event::failure, start + 21s) == InviteClient::Action::none);
    CHECK(transaction.on(InviteClient::Event::transport_error, start + 22s) == InviteClient::Action::none);
    CHECK(transaction.on_deadline(start + 42s) == InviteClient::Action::none);
    CHECK(transaction.terminated());
}

TEST_CASE("non-INVITE client: every state and event of figure 6", "[rfc3261][17.1.2]")
{
    using enum NonInviteClientFigure::State;
    using Event = NonInviteClient::Event;
    using Action = NonInviteClient::Action;
    using Row = NonInviteClient::Row;
    // clang-format off
    check_table<NonInviteClient>(std::array{
        Row{trying, Event::provisional, proceeding, Action::pass_up},
        Row{trying, Event::final, terminated, Action::pass_up},
        Row{trying, Event::timer_f, terminated, Action::report_timeout},
        Row{trying, Event::transport_error, terminated, Action::report_transport_error},
        Row{proceeding, Event::provisional, proceeding, Action::pass_up},
        Row{proceeding, Event::final, terminated, Action::pass_up},
        Row{proceeding, Event::timer_f, terminated, Action::report_timeout},
        Row{proceeding, Event::transport_error, terminated, Action::report_transport_error},
    }, 3, 4);
    // clang-format on
}

TEST_CASE("non-INVITE client: a provisional response does not restart Timer F", "[rfc3261][17.1.2.2]")
{
    NonInviteClient transaction{start};
    transaction.on(NonInviteClient::Event::provisional, start + 10s);
    transaction.on(NonInviteClient::Event::provisional, start + 20s);
    CHECK(transaction.deadline() == start + 32s);
    CHECK(transaction.on_deadline(start + 32s) == NonInviteClient::Action::report_timeout);
    CHECK(transaction.on(NonInviteClient::Event::final, start + 33s) == NonInviteClient::Action::none);
}

TEST_CASE("INVITE server: every state and event of figure 7 as RFC 6026 replaces it", "[rfc3261][17.2.1][rfc6026]")
{
    using enum InviteServerFigure::State;
    using Event = InviteServer::Event;
    using Action = InviteServer::Action;
    using Row = InviteServer::Row;
    // clang-format off
    check_table<InviteServer>(std::array{
        Row{proceeding, Event::invite, proceeding, Action::resend},
        Row{proceeding, Event::provisional, proceeding, Action::send},
        Row{proceeding, Event::success, accepted, Action::send},
        Row{proceeding, Event::failure, completed, Action::send},
        Row{proceeding, Event::transport_error, proceeding, Action::report_transport_error},
        Row{completed, Event::invite, completed, Action::resend},
        Row{completed, Event::ack, terminated, Action::none},
        Row{completed, Event::timer_h, terminated, Action::report_timeout},
        Row{completed, Event::transport_error, completed, Action::report_transport_error},
        Row{accepted, Event::success, accepted, Action::send},
        Row{accepted, Event::ack, accepted, Action::pass_up},
        Row{accepted, Event::timer_l, terminated, Action::none},
        Row{accepted, Event::transport_error, accepted, Action::report_transport_error},
    }, 4, 8);
    // clang-format on
}

TEST_CASE("INVITE server waits 32 s for the ACK of a failure, wherever the caller went",
          "[rfc3261][17.2.1][rfc6026][7.1]")
{
    InviteServer transaction{start};
    CHECK(transaction.deadline() == TimePoint::max());
    CHECK(transaction.on(InviteServer::Event::failure, start + 5s) == InviteServer::Action::send);
    CHECK(transaction.on(InviteServer::Event::transport_error, start + 5s) ==
          InviteServer::Action::report_transport_error);
    CHECK(transaction.on(InviteServer::Event::invite, start + 6s) == InviteServer::Action::resend);
    CHECK(transaction.on(InviteServer::Event::success, start + 7s) == InviteServer::Action::none);
    CHECK(transaction.deadline() == start + 37s);
    CHECK(transaction.on_deadline(start + 37s) == InviteServer::Action::report_timeout);
    CHECK(transaction.terminated());
}

TEST_CASE("INVITE server passes ACKs up for 32 s after a 2xx, and absorbs the INVITE", "[rfc6026][7.1]")
{
    InviteServer transaction{start};
    transaction.on(InviteServer::Event::success, start);
    CHECK(transaction.on(InviteServer::Event::invite, start + 1s) == InviteServer::Action::none);
    CHECK(transaction.on(InviteServer::Event::success, start + 2s) == InviteServer::Action::send);
    CHECK(transaction.on(InviteServer::Event::ack, start + 3s) == InviteServer::Action::pass_up);
    CHECK(transaction.deadline() == start + 32s);
    CHECK(transaction.on_deadline(start + 32s) == InviteServer::Action::none);
    CHECK(transaction.terminated());
}

TEST_CASE("non-INVITE server: every state and event of figure 8", "[rfc3261][17.2.2]")
{
    using enum NonInviteServerFigure::State;
    using Event = NonInviteServer::Event;
    using Action = NonInviteServer::Action;
    using Row = NonInviteServer::Row;
    // clang-format off
    check_table<NonInviteServer>(std::array{
        Row{trying, Event::provisional, proceeding, Action::send},
        Row{trying, Event::final, terminated, Action::send},
        Row{trying, Event::late, proceeding, Action::send_trying},
        Row{proceeding, Event::request, proceeding, Action::resend},
        Row{proceeding, Event::provisional, proceeding, Action::send},
        Row{proceeding, Event::final, terminated, Action::send},
        Row{proceeding, Event::expired, terminated, Action::none},
        Row{proceeding, Event::transport_error, terminated, Action::report_transport_error},
    }, 3, 6);
    // clang-format on
}

TEST_CASE("non-INVITE server ends in silence when there was no answer in 32 s", "[rfc4320][4.2]")
{
    NonInviteServer transaction{start};
    CHECK(transaction.on(NonInviteServer::Event::request, start + 1s) == NonInviteServer::Action::none);
    CHECK(transaction.on_deadline(start + 3499ms) == NonInviteServer::Action::none);
    CHECK(transaction.on_deadline(start + 3500ms) == NonInviteServer::Action::send_trying);
    CHECK(transaction.on(NonInviteServer::Event::request, start + 5s) == NonInviteServer::Action::resend);
    CHECK(transaction.deadline() == start + 32s);
    CHECK(transaction.on_deadline(start + 32s) == NonInviteServer::Action::none);
    CHECK(transaction.terminated());
}
