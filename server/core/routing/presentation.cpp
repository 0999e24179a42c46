#include "core/routing/presentation.hpp"

#include "core/privacy/identity.hpp"

namespace sotto {
namespace {

std::string number_uri(Scheme scheme, std::string_view number, std::string_view host)
{
    return address_uri(scheme, std::string{number}.append("@").append(host)).append(";user=phone");
}

std::string own_number(const Presenting& caller)
{
    if (caller.account == nullptr) return {};
    const auto number = caller.called_by.value_or(caller.account->number);
    return number.empty() ? std::string{} : "<" + number_uri(Scheme::sip, number, caller.account->domain) + ">";
}

std::string asserted_uri(Scheme scheme, const Presenting& caller)
{
    return "<" + address_uri(scheme, caller.preferred.empty() ? caller.aor : caller.preferred) + ">";
}

Presented to_peer(const Decision& decision, Scheme scheme, const Presenting& caller)
{
    Presented shown;
    shown.request_uri = address_uri(scheme, decision.aor);
    shown.to = "<" + shown.request_uri + ">";
    shown.from = presented_from(Receiver::peer, caller, scheme);
    if (!decision.route->trusted || (caller.withheld && !decision.route->withheld_inside)) return shown;
    shown.asserted.push_back(asserted_uri(scheme, caller));
    if (caller.withheld) shown.privacy = "id";
    return shown;
}

Presented to_gateway(const Decision& decision, const Destination& target, Scheme scheme, const Presenting& caller)
{
    Presented shown;
    shown.request_uri = number_uri(scheme, decision.number, text_of(target));
    shown.to = "<" + shown.request_uri + ">";
    shown.from = presented_from(Receiver::gateway, caller, Scheme::sip);
    const auto number = own_number(caller);
    const bool inside = decision.route->caller_id == CallerId::asserted && !caller.withheld;
    if (number.empty() || !(inside || (caller.withheld && decision.route->withheld_inside))) return shown;
    shown.asserted.push_back(number);
    if (caller.withheld) shown.privacy = "id";
    return shown;
}

Presented to_emergency_service(const Decision& decision, const Presenting& caller)
{
    Presented shown;
    shown.request_uri = "urn:service:" + decision.service;
    shown.to = "<" + shown.request_uri + ">";
    shown.from = presented_from(Receiver::emergency, caller, Scheme::sip);
    shown.asserted.push_back(asserted_uri(Scheme::sip, caller));
    if (caller.account != nullptr && !caller.account->number.empty())
        shown.asserted.push_back("<tel:" + std::string{caller.account->number} + ">");
    return shown;
}

} // namespace

std::string text_of(const Destination& destination)
{
    return destination.port == 0 ? destination.host : destination.host + ":" + std::to_string(destination.port);
}

std::string presented_from(Receiver kind, const Presenting& caller, Scheme scheme)
{
    if (kind == Receiver::emergency) return shown_address(caller.display, address_uri(Scheme::sip, caller.aor));
    if (caller.withheld) return std::string{anonymous_identity};
    if (kind != Receiver::gateway) return shown_address(caller.display, address_uri(scheme, caller.aor));
    auto number = own_number(caller);
    return number.empty() ? std::string{anonymous_identity} : number;
}

Presented present(const Decision& decision, const Destination& target, Scheme scheme, const Presenting& caller)
{
    switch (decision.route->kind) {
    case Receiver::gateway:
        return to_gateway(decision, target, scheme, caller);
    case Receiver::emergency:
        return to_emergency_service(decision, caller);
    default:
        return to_peer(decision, scheme, caller);
    }
}

} // namespace sotto
