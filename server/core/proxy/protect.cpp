#include "core/proxy/proxy.hpp"

#include "core/routing/protection.hpp"

namespace sotto {

/// Told when protection drops (docs/interconnect.md).

std::string Proxy::protection(const Party& with, std::size_t hops, bool in_the_clear) const
{
    const auto* route = route_of(with);
    if (route == nullptr || route->when_weaker == WhenWeaker::refuse) return {};
    return can_listen(*route) || in_the_clear ? protection_label(*route, hops) : std::string{};
}

std::string Proxy::protection_warning(Told what, const Message& request) const
{
    const auto language = request.field(Header::accept_language).value_or(std::string_view{});
    return "399 " + env_.domains().first() + " \"" + std::string{protection_text(what, language)} + "\"";
}

/// Toward its own subscriber alone, in what answers the invitation.
void Proxy::mark_answer(Outbound& message, const ResponseContext& context, const Branch& branch, const Message& request,
                        const Message& response) const
{
    if (context.sender.foreign() || request.method != Method::invite || context.in_dialog || response.status >= 300)
        return;
    const auto& with = branch.target.party;
    const auto label = protection(with, 1 + response.record_routes.size(), answered_in_the_clear(response));
    if (label.empty()) return;
    message.set(Header::call_protection, label);
    message.set(Header::warning, protection_warning(can_listen(*route_of(with)) ? Told::gateway : Told::hop, request));
}

void Proxy::refuse_weaker(SlotId id, TimePoint now, Actions& out)
{
    const auto* server = env_.layer->server(id);
    auto reply = env_.own_reply(*server, 403);
    reply.set(Header::warning, protection_warning(Told::refused, *server->request));
    env_.refusals.count(Refusal::forbidden);
    env_.answer(id, 403, reply, now, out);
}

/// Of a route that carries nothing weaker: its answer shows that the call has gone over a hop without TLS.
bool Proxy::answered_too_weakly(const ResponseContext& context, const Branch& branch, const Message& response) const
{
    const auto* route = context.in_dialog ? nullptr : route_of(branch.target.party);
    return route != nullptr && route->when_weaker == WhenWeaker::refuse && answered_in_the_clear(response);
}

/// The invitation itself has gone there; nothing is said over it. The caller hears 403 once every branch has ended, so
/// that a 2xx on its way meets somebody who hangs up.
void Proxy::refuse_answered(SlotId id, std::size_t index, const Message& response, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    auto& branch = context->branches[index];
    context->too_weak = true;
    context->waiting.clear();
    if (response.status >= 200) {
        branch.ended = true;
        env_.layer->cancel_timer(branch.timer_c);
        end_answered(*context, branch, response, 403, now, out);
    }
    cancel_branches(*context, now, out);
    branch_over(id, now, out);
}

} // namespace sotto
