#pragma once
#include "core/message/message.hpp"
#include "core/routing/route.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sotto {

/// Whether calls over the route leave end-to-end protection: a telephone gateway decrypts what phones encrypt.
bool weaker_on(const Route& route);

/// Whether somebody there has the media's keys: a telephone gateway, or whoever is sent them (SDES).
bool can_listen(const Route& route);

/// Whether a request came over some hop without TLS, as far as its Vias tell.
bool hop_in_the_clear(const Message& request);

/// Whether whoever answered is reached over some hop without TLS, as far as the answer tells: by the URIs of the
/// proxies that stay in the dialog's way (Record-Route), and by a Contact that names such a transport. No Via tells it:
/// those of the hops beyond have been taken off (RFC 3261 16.7 step 3).
bool answered_in_the_clear(const Message& response);

/// The value of Call-Protection (docs/interconnect.md): where the end-to-end protection ends, and over how many SIP
/// hops the call is known to have gone, this server's own neighbour included.
std::string protection_label(const Route& route, std::size_t hops);

/// What people are told of a call's protection.
enum class Told : std::uint8_t {
    gateway, ///< the telephone network hears it
    hop,     ///< servers on its way speak without TLS
    refused  ///< it would have been either, and that may not be
};

/// The sentence, in the first language of an Accept-Language value that is known here; else in English.
std::string_view protection_text(Told what, std::string_view accept_language);

} // namespace sotto
