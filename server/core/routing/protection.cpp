#include "core/routing/protection.hpp"

#include "core/types/host.hpp"

#include <algorithm>
#include <array>

namespace sotto {
namespace {

struct Texts {
    std::string_view language;
    std::array<std::string_view, 3> of; ///< by Told
};
// clang-format off
constexpr std::array languages{
    Texts{"en", {"This call leaves the protected network: the telephone network can hear it",
                 "This call leaves the protected network: a server on its way speaks without encryption",
                 "This call is refused: it would leave the protected network"}},
    Texts{"de", {"Dieser Anruf verlaesst das geschuetzte Netz: das Telefonnetz kann mithoeren",
                 "Dieser Anruf verlaesst das geschuetzte Netz: ein Server auf dem Weg spricht unverschluesselt",
                 "Dieser Anruf ist abgelehnt: er wuerde das geschuetzte Netz verlassen"}},
    Texts{"fr", {"Cet appel quitte le reseau protege: le reseau telephonique peut l'entendre",
                 "Cet appel quitte le reseau protege: un serveur sur son chemin parle sans chiffrement",
                 "Cet appel est refuse: il quitterait le reseau protege"}},
    Texts{"es", {"Esta llamada sale de la red protegida: la red telefonica puede oirla",
                 "Esta llamada sale de la red protegida: un servidor en su camino habla sin cifrado",
                 "Esta llamada se rechaza: saldria de la red protegida"}},
};
// clang-format on

constexpr std::uint16_t sips_port = 5061;

/// RFC 3263 4.1: without a transport in the URI, TLS is found by a name's records, and nothing else. RFC 7118 5 writes
/// `ws` for both kinds of WebSocket.
bool names_clear_transport(const Uri& uri)
{
    const auto transport = uri.scheme == Scheme::sip ? uri.param("transport") : std::nullopt;
    return transport && !iequals(*transport, "tls") && !iequals(*transport, "ws") && !iequals(*transport, "wss");
}
bool reached_in_the_clear(const Uri& uri)
{
    if (uri.scheme != Scheme::sip || uri.param("transport")) return names_clear_transport(uri);
    return uri.port != sips_port && (uri.port != 0 || is_address(uri.host));
}

/// RFC 3261 20.3: in thousandths; what is no number counts for nothing.
int quality_of(std::string_view range)
{
    const auto semicolon = range.find(';');
    const auto given =
        semicolon == std::string_view::npos ? std::nullopt : find_param(range.substr(semicolon + 1), "q");
    if (!given) return 1000;
    const auto text = trim(*given);
    if (text.starts_with('1')) return 1000;
    if (!text.starts_with("0.")) return 0;
    int quality = 0;
    for (std::size_t i = 2; i < 5; ++i) {
        const char c = i < text.size() ? text[i] : '0';
        if (c < '0' || c > '9') return 0;
        quality = quality * 10 + (c - '0');
    }
    return quality;
}

} // namespace

bool weaker_on(const Route& route) { return route.kind == Receiver::gateway; }

bool can_listen(const Route& route) { return weaker_on(route) || route.sdes; }

bool hop_in_the_clear(const Message& request)
{
    return std::ranges::any_of(
        request.vias, [](const Via& via) { return !iequals(via.transport, "TLS") && !iequals(via.transport, "WSS"); });
}

bool answered_in_the_clear(const Message& response)
{
    return std::ranges::any_of(response.record_routes, [](const auto& r) { return reached_in_the_clear(r.uri); }) ||
           std::ranges::any_of(response.contacts, [](const auto& c) { return names_clear_transport(c.uri); });
}

std::string protection_label(const Route& route, std::size_t hops)
{
    const std::string_view where = !can_listen(route) ? "hop" : route.sdes ? "gateway;keys=sdes" : "gateway";
    return std::string{where} + ";hops=" + std::to_string(hops);
}

std::string_view protection_text(Told what, std::string_view accept_language)
{
    const Texts* found = nullptr;
    int wish = 0;
    for_each_element(accept_language, [&](std::string_view range) {
        const auto primary = trim(range.substr(0, range.find_first_of("-;")));
        const auto* row = std::ranges::find_if(languages, [&](const Texts& t) { return iequals(t.language, primary); });
        const auto quality = quality_of(range);
        if (row == languages.end() || quality <= wish) return;
        found = row;
        wish = quality;
    });
    return (found != nullptr ? *found : languages.front()).of[static_cast<std::size_t>(what)];
}

} // namespace sotto
