#include "net/domain_certificate.hpp"

#include "core/types/ascii.hpp"

#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <string_view>

namespace sotto::net {
namespace {

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string_view text_of(const ASN1_STRING* text)
{
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
            static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// A name that means exactly one domain: a NUL would hide the rest of it, a wildcard means many.
bool is_exact(std::string_view name)
{
    return !name.empty() && std::ranges::all_of(name, [](char c) {
        const char l = to_lower(c);
        return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.';
    });
}

} // namespace

std::vector<std::string> proven_domains(const SSL* session)
{
    const auto* certificate = SSL_get0_peer_certificate(session);
    return certificate == nullptr ? std::vector<std::string>{} : proven_domains(certificate);
}

std::vector<std::string> proven_domains(const X509* certificate)
{
    constexpr std::string_view scheme = "sip:";
    std::vector<std::string> by_uri;
    std::vector<std::string> by_dns;
    const std::unique_ptr<GENERAL_NAMES, FreeNames> names{
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
    for (int i = 0; names && i < sk_GENERAL_NAME_num(names.get()); ++i) {
        const auto* name = sk_GENERAL_NAME_value(names.get(), i);
        if (name->type == GEN_DNS) {
            if (const auto text = text_of(name->d.dNSName); is_exact(text)) by_dns.push_back(lower(text));
        } else if (name->type == GEN_URI) {
            const auto text = text_of(name->d.uniformResourceIdentifier);
            if (!iequals(text.substr(0, scheme.size()), scheme)) continue;
            // "sip:alice@example.org" is a person's identity, no domain's; a parameter or port belongs to neither.
            const auto domain = text.substr(scheme.size());
            if (is_exact(domain)) by_uri.push_back(lower(domain));
        }
    }
    return by_uri.empty() ? by_dns : by_uri;
}

} // namespace sotto::net
