#pragma once
#include "config/settings.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace sotto::config {

/// What one scalar of the file says, once it is understood. Only what its kind fills is set.
struct Value {
    long long number{0}; ///< count, bytes, seconds, index of a choice, or 0 and 1 for false and true
    std::string text;    ///< name, path, account or choice
    HostPort address;
};

/// A number or a duration that lies outside its bounds is wrong, except a 0 that has a meaning of its own.
struct Bounds {
    long long least{0};
    long long most{0};
    bool zero{false};
};

/// Reads a value or says what is wrong with it, in words that go after the key: "is no duration".
struct Read {
    std::optional<Value> value;
    std::string what;
    std::string remedy;
};

/// "true" or "false".
Read read_flag(std::string_view text);
/// A decimal number.
Read read_count(std::string_view text, const Bounds& bounds);
/// A number of bytes, or of KiB or MiB: "65536", "64KiB".
Read read_bytes(std::string_view text, const Bounds& bounds);
/// A number of seconds, minutes or hours: "60s", "10m", "12h". The unit must be said.
Read read_duration(std::string_view text, const Bounds& bounds);
/// One of a few words; gives it with its index.
Read read_choice(std::string_view text, std::span<const std::string_view> choices);
/// A path, left as it is written.
Read read_path(std::string_view text);
/// A DNS name of letters, digits and hyphens (RFC 1123 2.1), in lower case; no address literal.
Read read_name(std::string_view text);
/// An address literal to listen on, and a port: "127.0.0.1:5061", "[::1]:5061".
Read read_endpoint(std::string_view text);
/// A DNS name and a port: "sip.example.org:5061".
Read read_advertised(std::string_view text);
/// Up to 8 of the keys of a telephone, as they are dialled before an address: "#31#". Empty: none.
Read read_prefix(std::string_view text);
/// How a telephone number begins: "+49", "0900"; up to 15 digits.
Read read_number(std::string_view text);
/// An account's address without a scheme: "alice@example.org". Its mistakes are never quoted.
Read read_account(std::string_view text);
/// The same, or "*".
Read read_account_or_all(std::string_view text);
/// The origin of a web page (RFC 6454 6.2), in lower case: "https://phone.example.org", "https://localhost:8443".
Read read_origin(std::string_view text);

/// A TURN server (RFC 7065): "turn:turn.example.org:3478?transport=udp", "turns:turn.example.org".
Read read_turn_uri(std::string_view text);

/// A name of the operator's own for something: letters, digits, "-" and "_", at most 32.
Read read_word(std::string_view text);
/// A trunk's user name: visible characters but quotes and backslash, at most 64.
Read read_credential(std::string_view text);
/// What a route matches: a domain name, "*", "+49", "112", "urn:service:sos".
Read read_match(std::string_view text);
/// A DNS name, with a port where the name is not to be located by DNS services: "trunk.example.net".
Read read_target(std::string_view text);
/// Digits, at most 15, with "+" in front where that is allowed.
Read read_digits(std::string_view text);

/// The largest unit that divides it: 600 is "10m".
std::string duration_text(long long seconds);

} // namespace sotto::config
