// An element for tests of the edge: answers every request at once, so that what is seen is the edge's doing.
//   REGISTER            200, and the flow counts as authenticated
//   MESSAGE, body "N"   N answers with a body of 8000 bytes each
//   INFO                200, then the flow is closed
//   SUBSCRIBE, body "F" the answer goes to the flow with that number instead; if it is gone, to this one with 480
//   asked for TURN credentials: the account's name
//   NOTIFY, body "N"    200, after work for N ms of processor time
//   UPDATE              200, with the number of requests until then as its body
//   INVITE              200; it can wait (Turn::later), and gets 503 when there is no moment for it
//   INVITE, body "A"    the same, and the flow counts as authenticated
//   INVITE, body "E"    an exception, as a bug of ours may throw it
//   anything else       501, or what the defect asks for
#include "core/element.hpp"
#include "net/processor_time.hpp"

#include <stdexcept>
#include <string>

namespace sotto {

class Element::State {
public:
    Parts parts;
    ElementCounters counters;
    std::vector<FlowId> asked_from; ///< by ticket - 1
    bool draining{false};
};

namespace {

std::string answer_to(const Message& request, int status, std::string_view body = {})
{
    std::string out = "SIP/2.0 " + std::to_string(status) + " " + std::string{reason_of(status)} + "\r\n";
    for (const auto& via : request.vias) out += "Via: " + std::string{via.text} + "\r\n";
    out += "Call-ID: " + std::string{request.call_id} + "\r\nCSeq: " + std::to_string(request.cseq.number) + " " +
           std::string{request.cseq.method_name} + "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    return out.append(body);
}

} // namespace

Element::Element(Parts parts, std::shared_ptr<const CoreSettings>, std::shared_ptr<const AccountDirectory>)
    : state_{std::make_unique<State>()}
{
    state_->parts = parts;
}
Element::~Element() = default;

void Element::use(std::shared_ptr<const CoreSettings>) {}
void Element::use(std::shared_ptr<const AccountDirectory>) {}
void Element::connected(Ticket, FlowId, TimePoint, Actions&) {}
void Element::opened(const Flow&, TimePoint) {}
void Element::wanted(FlowId, TimePoint) {}

void Element::received(Flow& flow, MessagePtr message, TimePoint, Actions& out)
{
    ++state_->counters.requests;
    const auto reply = [&](int status, std::string_view body = {}) {
        out.emplace_back(Send{flow.id, answer_to(*message, status, body), {}, true}); // as if it were a request
    };
    if (message->defect) return reply(verdict_of(*message->defect).status);
    switch (message->method) {
    case Method::register_:
        flow.authenticated_as(AccountId{1});
        if (!message->body.empty()) flow.keep_alive = seconds{std::stoi(std::string{message->body})};
        return reply(200);
    case Method::message: {
        const std::string body(8'000, 'x');
        for (int i = std::stoi(std::string{message->body}); i > 0; --i) reply(200, body);
        return;
    }
    case Method::info:
        reply(200);
        out.emplace_back(CloseFlow{flow.id});
        return;
    case Method::subscribe:
        state_->asked_from.push_back(flow.id);
        out.emplace_back(Send{FlowId{std::stoull(std::string{message->body})}, answer_to(*message, 200),
                              Ticket{state_->asked_from.size()}, true});
        return;
    case Method::notify: {
        const auto until = net::worked() + milliseconds{std::stoi(std::string{message->body})};
        while (net::worked() < until) continue;
        return reply(200);
    }
    case Method::update:
        return reply(200, std::to_string(state_->counters.requests));
    case Method::invite:
        if (message->body == "E") throw std::logic_error{"a bug"};
        if (message->body == "A") flow.authenticated_as(AccountId{1});
        return reply(200);
    case Method::options:
        return reply(200, std::to_string(flow.id.value));
    default:
        return reply(501);
    }
}

Turn Element::turn_of(const Message& message) const
{
    return message.is_request && message.method == Method::invite ? Turn::later : Turn::at_once;
}
void Element::refuse(const Flow& flow, const Message& request, Actions& out)
{
    out.emplace_back(Send{flow.id, answer_to(request, 503), {}});
}
void Element::handed_over(HandOver, TimePoint, Actions&) {}
void Element::flow_closed(FlowId, TimePoint, Actions&) { ++state_->counters.strays; }
void Element::undeliverable(Ticket ticket, std::string bytes, TimePoint, Actions& out)
{
    bytes.replace(8, 7, "480 Not");
    out.emplace_back(Send{state_->asked_from[ticket.value - 1], std::move(bytes), {}});
}
void Element::located(Ticket, Located, TimePoint, Actions&) {}
void Element::committed(Ticket, Flow*, bool, TimePoint, Actions&) {}
void Element::found(Ticket, std::vector<Binding>, TimePoint, Actions&) {}
RelayReply Element::relay_credentials(Flow&, const RelayRequest& request, TimePoint, seconds, Actions&)
{
    return {.status = 200, .challenge = {}, .json = "{\"account\":\"" + request.account + "\"}"};
}
void Element::blocked(Ticket, bool, TimePoint, Actions&) {}
void Element::recorded(Ticket, bool, TimePoint, Actions&) {}
void Element::binding_changed(BindingId, TimePoint, Actions&) {}
void Element::woken(Ticket, TimePoint, Actions&) {}
void Element::not_woken(Ticket, TimePoint, Actions&) {}
TimePoint Element::next_deadline() const { return TimePoint::max(); }
void Element::on_deadline(TimePoint, Actions&) {}
void Element::drain() { state_->draining = true; }
void Element::end_calls(TimePoint, Actions&) {}
bool Element::idle() const { return true; }
const DroppedHeaders& Element::dropped_headers() const
{
    static const DroppedHeaders none;
    return none;
}
const RefusalCounts& Element::refusals() const
{
    static const RefusalCounts none;
    return none;
}
const transaction::AnswerTimes& Element::answer_times() const
{
    static const transaction::AnswerTimes none;
    return none;
}
const ElementCounters& Element::counters() const { return state_->counters; }

} // namespace sotto
