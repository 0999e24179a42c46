#include "core/element.hpp"

#include "core/environment.hpp"
#include "core/proxy/proxy.hpp"
#include "core/registrar/reg_event.hpp"
#include "core/registrar/registrar.hpp"
#include "core/relay/desk.hpp"

#include <stdexcept>

namespace sotto {

using transaction::SlotId;

/// Joins the parts of one worker: the layer below, registrar and proxy above.
class Element::State : public transaction::User {
public:
    State(Parts parts, std::shared_ptr<const CoreSettings> settings, std::shared_ptr<const AccountDirectory> accounts)
        : env{.cryptography = *parts.cryptography,
              .sealer = *parts.sealer,
              .dialogs = *parts.dialogs,
              .anonymous_callers = *parts.anonymous_callers,
              .settings = std::move(settings),
              .accounts = std::move(accounts),
              .counters = {},
              .dropped = {},
              .failures = *parts.failures,
              .peer_calls = *parts.peer_calls,
              .push = *parts.push,
              .ledger = parts.ledger,
              .worker = parts.worker},
          layer{{parts.worker, parts.workers}, *parts.cryptography, *this}, registrar{env}, reg_event{env}, proxy{env}
    {
        env.layer = &layer;
        env.failures.use(env.settings->auth_failures_per_minute);
        layer.use(env.settings->transactions_per_flow);
    }

    void on_request(SlotId id, Flow& flow, TimePoint now, Actions& out) override
    {
        auto& server = *layer.server(id);
        if (server.request->defect) return env.refuse(id, *server.request->defect, now, out);
        if (server.method == Method::register_) return registrar.request(id, flow, now, out);
        if (server.method == Method::subscribe && reg_event.request(id, flow, now, out)) return;
        proxy.request(id, flow, now, out);
    }
    void on_ack(MessagePtr ack, Flow& flow, TimePoint now, Actions& out) override
    {
        proxy.ack(std::move(ack), flow, now, out);
    }
    void on_cancel(SlotId invite, const Message& cancel, TimePoint now, Actions& out) override
    {
        proxy.cancel(invite, cancel, now, out);
    }
    void on_response(SlotId client, MessagePtr response, TimePoint now, Actions& out) override
    {
        ++env.counters.responses;
        const auto* asked = layer.client(client);
        if (asked->branch == transaction::Layer::of_a_subscription) {
            if (response->status >= 200) reg_event.notified(asked->context, response->status < 300, out);
            return;
        }
        proxy.response(client, std::move(response), now, out);
    }
    void on_no_answer(SlotId client, bool transport_error, TimePoint now, Actions& out) override
    {
        const auto* asked = layer.client(client);
        if (asked->branch == transaction::Layer::of_a_subscription)
            return reg_event.notified(asked->context, false, out);
        proxy.no_answer(client, transport_error, now, out);
    }
    void on_server_end(SlotId server, TimePoint now, Actions& out) override
    {
        if (layer.server(server)->method != Method::register_) proxy.server_end(server, now, out);
    }
    void on_user_timer(std::uint8_t kind, SlotId id, TimePoint now, Actions& out) override
    {
        if (kind == Environment::late_answer)
            env.answer_late(id, now, out);
        else if (kind == RegEvent::timer)
            reg_event.expired(id, out);
        else
            proxy.timer(kind, id, now, out);
    }

    void on_refusal() override { env.refusals.count(Refusal::overloaded); }
    [[nodiscard]] bool passes_limits(const Message& request) const override { return proxy.asks_for_help(request); }

    Environment env;
    transaction::Layer layer;
    Registrar registrar;
    RegEvent reg_event;
    Proxy proxy;
    ElementCounters shown;
};

Element::Element(Parts parts, std::shared_ptr<const CoreSettings> settings,
                 std::shared_ptr<const AccountDirectory> accounts)
{
    if (parts.cryptography == nullptr || parts.sealer == nullptr || parts.dialogs == nullptr ||
        parts.anonymous_callers == nullptr || parts.failures == nullptr || parts.peer_calls == nullptr ||
        parts.push == nullptr || settings->domains.empty())
        throw std::logic_error{"an element needs its parts and at least one domain"};
    state_ = std::make_unique<State>(parts, std::move(settings), std::move(accounts));
}

Element::~Element() = default;

void Element::use(std::shared_ptr<const CoreSettings> settings)
{
    state_->env.failures.use(settings->auth_failures_per_minute);
    state_->layer.use(settings->transactions_per_flow);
    state_->env.settings = std::move(settings);
    ++state_->env.settings_read;
}
void Element::use(std::shared_ptr<const AccountDirectory> accounts) { state_->env.accounts = std::move(accounts); }

void Element::received(Flow& flow, MessagePtr message, TimePoint now, Actions& out)
{
    if (message->is_request) ++state_->env.counters.requests;
    state_->env.recognise(flow);
    state_->layer.receive(flow, std::move(message), now, out);
}

Turn Element::turn_of(const Message& message) const
{
    const bool begins = message.is_request && !message.defect && message.method != Method::ack &&
                        message.method != Method::cancel && message.to.tag().empty(); // with a tag: inside a dialog
    if (!begins || state_->proxy.asks_for_help(message)) return Turn::at_once;
    return message.has(Header::authorization) || message.has(Header::proxy_authorization) ? Turn::soon : Turn::later;
}

void Element::refuse(const Flow& flow, const Message& request, Actions& out)
{
    ++state_->env.counters.requests;
    state_->layer.refuse(flow.id, request, out);
}

void Element::handed_over(HandOver handed, TimePoint now, Actions& out)
{
    state_->layer.receive_handed_over(std::move(handed), now, out);
}

void Element::flow_closed(FlowId flow, TimePoint now, Actions& out)
{
    state_->layer.flow_closed(flow, now, out);
    state_->proxy.flow_closed(flow, now, out);
}

void Element::undeliverable(Ticket ticket, std::string bytes, TimePoint now, Actions& out)
{
    const auto [kind, id] = transaction::unpack(ticket.value);
    if (kind == transaction::Layer::client_ticket)
        state_->layer.undeliverable(id, now, out);
    else if (kind == transaction::Layer::cancel_ticket)
        state_->proxy.cancel_undeliverable(id, now, out);
    else
        state_->proxy.response_undeliverable(id, std::move(bytes), out);
}

void Element::located(Ticket ticket, Located located, TimePoint now, Actions& out)
{
    const auto [kind, id] = transaction::unpack(ticket.value);
    if (static_cast<Waiting>(kind) == Waiting::registration)
        state_->registrar.located(id, std::move(located), now, out);
    else
        state_->proxy.located(id, std::move(located), now, out);
}

void Element::committed(Ticket ticket, Flow* flow, bool accepted, TimePoint now, Actions& out)
{
    state_->registrar.committed(transaction::unpack(ticket.value).id, flow, accepted, now, out);
}

void Element::found(Ticket ticket, std::vector<Binding> flows, TimePoint now, Actions& out)
{
    const auto [kind, id] = transaction::unpack(ticket.value);
    if (static_cast<Waiting>(kind) == Waiting::reg_event)
        return state_->reg_event.found(id, std::move(flows), now, out);
    state_->proxy.found(static_cast<Waiting>(kind), id, std::move(flows), now, out);
}

RelayReply Element::relay_credentials(Flow& flow, const RelayRequest& request, TimePoint now, seconds date,
                                      Actions& out)
{
    return RelayDesk{state_->env}.answer(flow, request, now, date, out);
}

void Element::blocked(Ticket ticket, bool stored, TimePoint now, Actions& out)
{
    state_->proxy.blocked(transaction::unpack(ticket.value).id, stored, now, out);
}

void Element::woken(Ticket ticket, TimePoint, Actions& out)
{
    state_->proxy.woken(transaction::unpack(ticket.value).id, out);
}

void Element::not_woken(Ticket ticket, TimePoint now, Actions& out)
{
    state_->proxy.not_woken(transaction::unpack(ticket.value).id, false, now, out);
}

void Element::binding_changed(BindingId device, TimePoint, Actions& out)
{
    state_->reg_event.binding_changed(device, out);
    state_->proxy.binding_changed(device, out);
}

void Element::recorded(Ticket ticket, bool durable, TimePoint now, Actions& out)
{
    state_->proxy.recorded(transaction::unpack(ticket.value).id, durable, now, out);
}

void Element::connected(Ticket ticket, FlowId flow, TimePoint now, Actions& out)
{
    state_->proxy.connected(transaction::unpack(ticket.value).id, flow, now, out);
}

void Element::opened(const Flow& flow, TimePoint now) { state_->proxy.opened(flow, now); }

void Element::wanted(FlowId flow, TimePoint now) { state_->proxy.wanted(flow, now); }

TimePoint Element::next_deadline() const { return state_->layer.next_deadline(); }
void Element::on_deadline(TimePoint now, Actions& out) { state_->layer.on_deadline(now, out); }
void Element::drain() { state_->env.draining = true; }
void Element::end_calls(TimePoint now, Actions& out)
{
    state_->env.ending = true;
    state_->proxy.end_calls(now, out);
}
bool Element::idle() const { return state_->layer.servers() == 0 && state_->layer.clients() == 0; }

const DroppedHeaders& Element::dropped_headers() const { return state_->env.dropped; }
const RefusalCounts& Element::refusals() const { return state_->env.refusals; }
const transaction::AnswerTimes& Element::answer_times() const { return state_->layer.answer_times; }

const ElementCounters& Element::counters() const
{
    state_->shown = state_->env.counters;
    state_->shown.strays += state_->layer.strays;
    state_->shown.server_transactions = state_->layer.servers();
    state_->shown.client_transactions = state_->layer.clients();
    return state_->shown;
}

} // namespace sotto
