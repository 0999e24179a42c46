#include "core/routing/protection.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {

struct Text {
    std::string_view language, text;
};
constexpr std::array texts{
    Text{"en", "This call leaves the protected network: the telephone network can hear it"},
    Text{"de", "Dieser Anruf verlaesst das geschuetzte Netz: das Telefonnetz kann mithoeren"},
    Text{"fr", "Cet appel quitte le reseau protege: le reseau telephonique peut l'entendre"},
    Text{"es", "Esta llamada sale de la red protegida: la red telefonica puede oirla"},
};

} // namespace

bool weaker_on(const Route& route) { return route.kind == Receiver::gateway; }

bool hop_in_the_clear(const Message& request)
{
    return std::ranges::any_of(
        request.vias, [](const Via& via) { return !iequals(via.transport, "TLS") && !iequals(via.transport, "WSS"); });
}

std::string protection_label(const Route& route, std::size_t hops)
{
    const std::string_view where = !weaker_on(route) ? "hop" : route.sdes ? "gateway;keys=sdes" : "gateway";
    return std::string{where} + ";hops=" + std::to_string(hops);
}

std::string_view protection_text(std::string_view accept_language)
{
    std::string_view found;
    for_each_element(accept_language, [&](std::string_view range) {
        const auto primary = range.substr(0, range.find_first_of("-;"));
        const auto* row =
            std::ranges::find_if(texts, [&](const Text& t) { return iequals(t.language, trim(primary)); });
        if (found.empty() && row != texts.end()) found = row->text;
    });
    return found.empty() ? texts.front().text : found;
}

} // namespace sotto
