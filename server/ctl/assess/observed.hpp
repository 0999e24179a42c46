#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

namespace sotto::assess {

/// The server that is looked at.
struct Target {
    std::string host; ///< a name, or an address without brackets
    std::string port{"5061"};
};

/// "sip.example.org", "sip.example.org:5061", "192.0.2.1:5061" or "[2001:db8::1]:5061". Nothing for anything else.
std::optional<Target> target_from(const std::string& text);

/// What a stranger gets to see. Nothing in an optional: it could not be found out.
struct Observed {
    // Over TLS
    std::string version;              ///< the best that it speaks, such as "TLSv1.3"
    std::optional<bool> old_tls;      ///< TLS 1.1 or older is accepted
    std::optional<bool> weak_ciphers; ///< TLS 1.2 without forward secrecy or without AEAD is accepted
    std::string certificate_fault;    ///< why the certificate is not good for this host; empty: it is
    int certificate_days{0};          ///< until it ends

    // Without TLS, on port 5060
    std::optional<bool> plain_tcp, plain_udp; ///< SIP is answered

    // In its answers
    bool answers{false};                ///< an OPTIONS was answered at all
    std::vector<std::string> software;  ///< what it says of its program
    std::vector<std::string> addresses; ///< numeric addresses that are neither its own nor this client's
    int unknown_registers{0};           ///< status of a REGISTER for an address that nobody can have; 0: no answer
    int unknown_is_asked{0};            ///< of an OPTIONS for it
    std::vector<std::string> digests;   ///< algorithms with which it asks for a password
    std::optional<bool> padded;         ///< answers of different lengths are as long on the wire
};

} // namespace sotto::assess
