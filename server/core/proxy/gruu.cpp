#include "core/proxy/proxy.hpp"

#include "core/registrar/device.hpp"

#include <algorithm>

namespace sotto {

/// The device that a phone's Contact names: by one of the GRUUs that it was given, by its instance or by its user part.
/// `registered` are those that it may be.
BindingId Proxy::device_named_by(const NameAddr& contact, AccountId account,
                                 std::span<const RegisteredDevice> registered) const
{
    const auto gr = env_.domains().ours(contact.uri) ? contact.uri.param("gr") : std::nullopt;
    if (!gr) return device_among(registered, account, contact, env_.cryptography);
    const auto temporary = temporary_gruu_in(contact.uri, env_.cryptography);
    const auto named = std::ranges::find_if(registered, [&](const RegisteredDevice& one) {
        return temporary ? temporary->device == one.id : public_gruu_value(one.id, env_.cryptography) == *gr;
    });
    return named == registered.end() ? BindingId{} : named->id;
}

/// RFC 5627 6.1, for a temporary GRUU: one device, and only while its bindings are of the same series. All that leads
/// nowhere is 404, whatever the reason.
void Proxy::found_behind_gruu(SlotId id, std::vector<Binding> flows, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->answered) return;
    const auto server = context->server;
    const Message& request = *env_.layer->server(server)->request;
    std::erase_if(flows, [&](const Binding& b) { return !b.has_instance || b.gruu_series != context->gruu_series; });
    const auto* callee = flows.empty() ? nullptr : env_.accounts->find(flows.front().account);
    const auto refuse = [&](Refusal refusal) {
        context->answered = true;
        env_.refuse(server, refusal, now, out);
    };
    const auto reception = received_by(callee, *context, request, now);
    if (reception == Reception::nobody_there) return refuse_unseen(id, Refusal::not_found, now, out);
    if (reception == Reception::refuses_anonymous) return refuse(Refusal::anonymity_disallowed);
    // It costs what the number costs that is behind it, and the bill does not say which: nor does the GRUU (3.1.2).
    const auto* inside = tariff_of(*callee);
    if (inside != nullptr && request.method == Method::invite && !context->sender.foreign())
        context->charge = std::make_unique<Charge>(Charge{.tariff = inside->tariff, .destination = inside->prefix});
    if (context->charge && !recordable()) return refuse(Refusal::overloaded);
    context->aor = std::string{callee->user}.append("@").append(callee->domain);
    located(id, Located{.version = 0, .bindings = std::move(flows)}, now, out);
}

/// Whom a quoted dialog is with must be whom the request is for (SEALING.md); a Target-Dialog with somebody else is
/// ignored (RFC 4538 4).
bool Proxy::quotes_are_of(const ResponseContext& context, const Party& callee) const
{
    const auto mark = mark_of(holder_of(callee, env_.cryptography));
    const auto* account = env_.accounts->find(callee.account());
    const bool withholds = account != nullptr && account->withhold_identity;
    return std::ranges::all_of(context.quotes, [&](const auto& named) {
        const auto& [header, quote] = named;
        return header == Header::target_dialog ||
               (quote.target_owner == mark &&
                !(withholds && quote.target_role == Role::callee && !quote.quoting_tag.dialled));
    });
}

} // namespace sotto
