#include "core/proxy/proxy.hpp"

#include "core/privacy/reply.hpp"

namespace sotto {
namespace {

constexpr std::uint32_t beyond_any_cseq = (1U << 30U) - 1; ///< of a side that may have sent nothing yet

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
    if (!ok.contacts.empty()) to.uri = ok.contacts.front().uri.text;
    DialogView view{
        .call_id = sent.call_id, .from = sent.from, .to = as_written(ok.to), .cseq = sent.cseq, .cause = cause};
    send_ours(Method::ack, to, view, now, out);
    ++view.cseq;
    send_ours(Method::bye, to, view, now, out);
    end_dialog(*branch.seal, out);
}

/// An answer that may not pass, in an ACK: BYE to both.
void Proxy::end_acknowledged(ResponseContext& context, const Message& ack, Branch& branch, FlowId sender, TimePoint now,
                             Actions& out)
{
    auto& seal = *branch.seal;
    const bool from_caller = context.role == Role::caller;
    const auto own_tag = std::string{";tag="}.append(
        seal.tag(context.role, {.value = std::string{ack.from.tag()}, .withheld = context.withheld}));
    const DialogView receivers{
        .call_id = from_caller ? seal.call_id(ack.call_id) : context.receiver_call_id,
        .from = shown_sender(context, ack) + own_tag,
        .to = shown_receiver(context, ack, branch.target.party).append(";tag=").append(context.receiver_tag),
        .cseq = seal.cseq(context.role, ack.cseq.number + 1)};
    const auto answerer = branch.target;
    send_ours(Method::bye, answerer, receivers, now, out);
    ForwardTarget offerer;
    offerer.party = context.sender;
    offerer.flow = sender;
    if (!ack.contacts.empty())
        offerer.uri = ack.contacts.front().uri.text;
    else
        offerer.uri = address_of(context.sender);
    const DialogView senders{.call_id = std::string{ack.call_id},
                             .from = as_written(ack.to),
                             .to = as_written(ack.from),
                             .cseq = seal.cseq(other(context.role), beyond_any_cseq)};
    send_ours(Method::bye, offerer, senders, now, out);
    end_dialog(seal, out);
}

} // namespace sotto
