#pragma once
#include <string>
#include <string_view>

namespace sotto::rebuilt {

// Bodies of which a few values matter: each is read for those and written anew, the same for every sender. Empty when
// what it is there for is not in it.

/// message/sipfrag: the status line of a transfer's progress (RFC 3515 2.4.5); more would quote the other leg.
std::string status_line(std::string_view body);
/// application/dtmf-relay: Signal and Duration. A usual press has one duration, whatever the phone writes or leaves
/// out; a long one is told in whole seconds.
std::string dtmf(std::string_view body);
/// application/dtmf: the key, also where its event's number stands for it (RFC 4733 3.2), or 16, the flash.
std::string bare_dtmf(std::string_view body);
/// application/im-iscomposing+xml: the state (RFC 3994 3). When and in what language somebody writes goes.
std::string composing(std::string_view body);
/// application/media_control+xml: that a whole picture is wanted (RFC 5168 4).
std::string picture_request(std::string_view body);

} // namespace sotto::rebuilt
