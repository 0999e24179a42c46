#pragma once
#include "core/message/message.hpp"
#include "core/routing/route.hpp"

#include <cstddef>
#include <string>
#include <string_view>

namespace sotto {

/// Whether calls over the route leave end-to-end protection: a telephone gateway decrypts what phones encrypt.
bool weaker_on(const Route& route);

/// Whether a request came over some hop without TLS, as far as its Vias tell.
bool hop_in_the_clear(const Message& request);

/// The value of Call-Protection (docs/interconnect.md): where the end-to-end protection ends, and over how many SIP
/// hops the call is known to have gone, this server's own neighbour included.
std::string protection_label(const Route& route, std::size_t hops);

/// What a phone may show its user, in the first language of an Accept-Language value that is known here; else English.
std::string_view protection_text(std::string_view accept_language);

} // namespace sotto
