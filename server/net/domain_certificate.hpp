#pragma once
#include <openssl/ssl.h>

#include <string>
#include <vector>

namespace sotto::net {

/// The SIP domains that the other end's certificate proves (RFC 5922 7.1), in lower case: those of sip: URIs in
/// subjectAltName, and DNS names only where there is no such URI. No wildcard and no common name proves anything.
std::vector<std::string> proven_domains(const SSL* session);
std::vector<std::string> proven_domains(const X509* certificate);

} // namespace sotto::net
