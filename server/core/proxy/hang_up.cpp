#include "core/proxy/proxy.hpp"

#include "core/dialog/remote_target.hpp"
#include "core/privacy/reply.hpp"

namespace sotto {
namespace {

constexpr std::uint32_t beyond_any_cseq = (1U << 30U) - 1; ///< of a side that may have sent nothing yet

/// Where the message's sender says that it is, if it says so.
void follow_contact(ForwardTarget& to, const Message& message)
{
    if (message.contacts.empty()) return;
    if (auto uri = request_uri_of(message.contacts.front().uri); !uri.empty()) to.uri = std::move(uri);
}

} // namespace

/// One request of ours inside a dialog, built from what its receiver knows of it. Its answer is of no use to us.
void Proxy::send_ours(Method method, const ForwardTarget& to, const DialogView& view, TimePoint now, Actions& out)
{
    const auto client =
        method == Method::ack ? SlotId{} : env_.layer->open_client(to.flow, to.party, method, {}, 0, now);
    auto message = Outbound::request(method, to.uri, to.party.receiver());
    message.set(Header::via, own_via(to, env_.layer->branch_for(client, {})));
    if (!to.route.empty()) message.set(Header::route, to.route);
    message.set(Header::max_forwards, "30");
    message.set(Header::from, view.from);
    message.set(Header::to, view.to);
    message.set(Header::call_id, view.call_id);
    message.set(Header::cseq, std::to_string(view.cseq).append(" ").append(name_of(method)));
    if (method == Method::bye) message.set(Header::reason, "SIP;cause=" + std::to_string(view.cause));
    out.push_back(Send{to.flow, message.write(), {}});
}

/// An answer that may not pass, in a 2xx where no 488 can be said to whoever wrote it: ACK and BYE there.
void Proxy::end_answered(const Branch& branch, const Message& ok, const transaction::Sent& sent, int cause,
                         TimePoint now, Actions& out)
{
    auto to = branch.target;
    follow_contact(to, ok);
    DialogView view{
        .call_id = sent.call_id, .from = sent.from, .to = as_written(ok.to), .cseq = sent.cseq, .cause = cause};
    send_ours(Method::ack, to, view, now, out);
    ++view.cseq;
    send_ours(Method::bye, to, view, now, out);
    end_dialog(*branch.seal, out);
}

/// The same inside a dialog: whoever asked for a new description loses the call too, and is told so.
void Proxy::end_renegotiated(const ResponseContext& context, Branch& branch, int cause, TimePoint now, Actions& out)
{
    const auto* server = env_.layer->server(context.server);
    if (server == nullptr || server->request->contacts.empty()) return;
    const Message& request = *server->request;
    ForwardTarget offerer;
    offerer.party = context.sender;
    offerer.flow = server->flow;
    offerer.transport = server->transport;
    follow_contact(offerer, request);
    const DialogView view{.call_id = std::string{request.call_id},
                          .from = as_written(request.to),
                          .to = as_written(request.from),
                          .cseq = branch.seal->cseq(other(context.role), beyond_any_cseq),
                          .cause = cause};
    send_ours(Method::bye, offerer, view, now, out);
}

/// An answer that may not pass, in an ACK: BYE to whoever waits for it.
void Proxy::end_acknowledged(WaitingAck& waiting, TimePoint now, Actions& out)
{
    const auto& context = waiting.context;
    const auto& ack = *waiting.ack;
    auto& seal = *waiting.branch.seal;
    const bool from_caller = context.role == Role::caller;
    const auto& answerer = waiting.branch.target;
    const auto own_tag =
        std::string{";tag="}.append(seal.tag(context.role, context.tag(ack.from.tag(), answerer.party)));
    const bool outside = answerer.party.foreign();
    const auto shown =
        outside ? presented(context, ack, waiting.branch)
                : Presented{.from = shown_sender(context, ack), .to = shown_receiver(context, ack, answerer.party)};
    const DialogView view{.call_id = from_caller ? seal.call_id(ack.call_id) : context.receiver_call_id,
                          .from = shown.from + own_tag,
                          .to = shown.to + ";tag=" + context.receiver_tag,
                          .cseq = seal.cseq(context.role, ack.cseq.number + 1)};
    send_ours(Method::bye, answerer, view, now, out);
    end_dialog(seal, out);
}

/// ... and to whoever wrote it, at its registered Contact: an ACK need not bear one.
void Proxy::end_acknowledging(WaitingAck& waiting, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    const auto& context = waiting.context;
    const auto& ack = *waiting.ack;
    ForwardTarget offerer;
    if (!flows.empty()) offerer = target_of(flows.front());
    follow_contact(offerer, ack);
    if (offerer.uri.empty()) offerer.uri = address_of(context.sender);
    offerer.party = context.sender;
    offerer.flow = waiting.flow;
    const DialogView view{.call_id = std::string{ack.call_id},
                          .from = as_written(ack.to),
                          .to = as_written(ack.from),
                          .cseq = waiting.branch.seal->cseq(other(context.role), beyond_any_cseq)};
    send_ours(Method::bye, offerer, view, now, out);
}

} // namespace sotto
