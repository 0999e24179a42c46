#pragma once
#include "load/phone.hpp"
#include "load/task.hpp"

namespace sotto::load {

/// A line and the phone it is on.
struct End {
    Phone* phone;
    Line* line;
};

/// Each flow returns whether everything went as the RFC says; what did not has been counted as an error or a refusal.

/// REGISTER, 401, REGISTER, 200 (RFC 3665 2.1). Again on the same connection: a refresh of the binding.
Task<bool> register_line(Bench& bench, End end);

/// The same with a lifetime of 0 (RFC 3665 2.4), so that nothing is left for the next run to find.
Task<bool> unregister_line(Bench& bench, End end);

/// INVITE, 401 or 407, ACK, INVITE, 180, 200, ACK, BYE, 200 on the caller's leg (RFC 3665 3.1), and afterwards whether
/// the callee's leg saw exactly one INVITE, one ACK and, unless it hung up itself, one BYE.
Task<bool> place_call(Bench& bench, End caller, End callee);

/// MESSAGE, challenge, MESSAGE, 200 (RFC 3428), received once by the callee.
Task<bool> send_message(Bench& bench, End sender, End receiver);

/// A new connection, REGISTER, 401; then closed.
Task<bool> shake_hands(Bench& bench, End end);

/// Against the echo server: `messages` exchanges as large as this client's own requests.
Task<bool> echo(Bench& bench, End end, int messages);

} // namespace sotto::load
