#include "net/identities.hpp"

#include "core/types/ascii.hpp"
#include "net/domain_certificate.hpp"

#include <boost/asio/ip/address.hpp>
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <array>
#include <cstring>

namespace sotto::net {

namespace {

constexpr std::size_t largest_record = 16'384;
/// What most messages fit into. The library takes and wipes a buffer of a whole record for each write: a smaller one is
/// cheaper, and a longer message goes out in several records.
constexpr std::size_t usual_record = 4'096;

[[noreturn]] void fail(const std::string& file, std::string_view what)
{
    std::array<char, 160> reason{};
    const auto code = ERR_get_error();
    ERR_clear_error();
    if (code != 0) ERR_error_string_n(code, reason.data(), reason.size());
    throw IdentityError{file + ": " + std::string{what} + (code != 0 ? std::string{" ("} + reason.data() + ")" : "")};
}

/// No `cell`: what is written tells nothing by its length (TlsStream::pads).
std::size_t pad(SSL*, int type, std::size_t length, void* cell)
{
    const auto size = reinterpret_cast<std::uintptr_t>(cell);
    if (type != SSL3_RT_APPLICATION_DATA || size == 0) return 0;
    return (size - length % size) % size;
}

/// The library would ask the terminal, and wait for it.
int no_pass_phrase(char*, int, int, void* wanted)
{
    *static_cast<bool*>(wanted) = true;
    return -1;
}

int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* in,
                    unsigned int in_length, void*)
{
    static constexpr std::array<unsigned char, 4> sip{3, 's', 'i', 'p'};
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_length, sip.data(), sip.size(), in, in_length) != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

bool is_address(const std::string& name)
{
    boost::system::error_code error;
    boost::asio::ip::make_address(name, error);
    return !error;
}

} // namespace

Identities::Identities(std::span<const IdentityFiles> files, const TlsOptions& options)
    : options_{options}, record_{std::max(usual_record, options.padding)}, longest_write_{record_}
{
    if (files.empty()) throw IdentityError{"no domain with a certificate"};
    if (options_.padding > largest_record) throw IdentityError{"padding is larger than a TLS record"};
    // One byte of each record is its content type.
    if (options_.padding > 0) longest_write_ = record_ / options_.padding * options_.padding - 1;
    for (const auto& file : files) {
        contexts_.push_back(make_context(file, TLS_server_method()));
        first_names_.push_back(file.names.empty() ? file.certificate : file.names.front());
        for (const auto& name : file.names) by_name_.emplace_back(lower(name), contexts_.back().get());
    }
    // Stable: of two domains that claim a name, the first has it.
    std::ranges::stable_sort(by_name_, {}, &std::pair<std::string, SSL_CTX*>::first);
    SSL_CTX_set_tlsext_servername_callback(initial(), &Identities::choose);
    SSL_CTX_set_tlsext_servername_arg(initial(), this);
    if (!options_.mutual) return;
    static constexpr std::array<unsigned char, 4> sip{3, 's', 'i', 'p'};
    for (const auto& file : files) {
        auto context = make_context(file, TLS_client_method());
        SSL_CTX_set_alpn_protos(context.get(), sip.data(), sip.size());
        auto proves = proven_domains(SSL_CTX_get0_certificate(context.get()));
        shown_.push_back({std::move(context), std::move(proves)});
    }
    for (std::size_t i = 0; i < files.size(); ++i)
        if (const auto name = lower(first_names_[i]); !speaker(name).proves)
            warnings_.push_back(files[i].certificate + ": does not prove " + name +
                                " to other domains, and no other certificate does: they refuse its calls");
}

Identities::Speaker Identities::speaker(std::string_view domain) const
{
    if (shown_.empty()) return {};
    const auto proving =
        std::ranges::find_if(shown_, [&](const Shown& one) { return std::ranges::count(one.proves, domain) != 0; });
    auto place = static_cast<std::size_t>(proving - shown_.begin());
    const bool proves = proving != shown_.end();
    if (!proves) {
        const auto own = std::ranges::find_if(first_names_, [&](const auto& name) { return iequals(name, domain); });
        place = own == first_names_.end() ? 0 : static_cast<std::size_t>(own - first_names_.begin());
    }
    return {.context = shown_[place].context.get(), .certificate = place, .proves = proves};
}

/// The chain must end at an authority; which names count is decided afterwards (see `proven_domains`).
void Identities::demand_certificate(SSL_CTX* ctx) const
{
    const bool known = options_.authorities.empty() ? SSL_CTX_set_default_verify_paths(ctx) == 1
                                                    : SSL_CTX_load_verify_file(ctx, options_.authorities.c_str()) == 1;
    if (!known) fail(options_.authorities, "no usable certificates of authorities");
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    // Of either side: public authorities certify domains as servers, and a domain is the same in both directions.
    X509_VERIFY_PARAM_set_purpose(SSL_CTX_get0_param(ctx), X509_PURPOSE_SSL_SERVER);
}

Identities::Context Identities::make_context(const IdentityFiles& files, const SSL_METHOD* method)
{
    ERR_clear_error();
    Context context{SSL_CTX_new(method)};
    if (!context) fail(files.certificate, "no memory for TLS");
    auto* ctx = context.get();
    SSL_CTX_set_min_proto_version(ctx, options_.tls12 ? TLS1_2_VERSION : TLS1_3_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION);
    SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_SINGLE_ECDH_USE |
                                 SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_CLEANSE_PLAINTEXT);
    // A message after the handshake gives nothing to read: without AUTO_RETRY the call returns where no more is there
    // yet. Where more is, TlsStream bounds it.
    SSL_CTX_clear_mode(ctx, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_mode(ctx,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_max_send_fragment(ctx, static_cast<long>(record_));
    SSL_CTX_set_read_ahead(ctx, 1); // one read(2) per record instead of two; drained buffers are released all the same
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
    tickets_.serve(ctx);
    SSL_CTX_set_max_early_data(ctx, 0);
    if (SSL_CTX_set1_groups_list(ctx, "X25519:P-256") != 1) fail(files.certificate, "TLS groups are not available");
    if (SSL_CTX_set_cipher_list(ctx, "ECDHE+AESGCM:ECDHE+CHACHA20:!aNULL:!PSK") != 1)
        fail(files.certificate, "TLS ciphers are not available");
    SSL_CTX_set_alpn_select_cb(ctx, &choose_protocol, nullptr);
    if (options_.padding > 0) {
        SSL_CTX_set_record_padding_callback(ctx, &pad);
        // The number itself, not where it stands: connections outlive the set that they began with.
        auto* cell = reinterpret_cast<void*>(std::uintptr_t{options_.padding}); // NOLINT(performance-no-int-to-ptr)
        SSL_CTX_set_record_padding_callback_arg(ctx, cell);
    }
    if (options_.mutual) demand_certificate(ctx);
    bool locked = false;
    SSL_CTX_set_default_passwd_cb(ctx, &no_pass_phrase);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, &locked);
    if (SSL_CTX_use_certificate_chain_file(ctx, files.certificate.c_str()) != 1)
        fail(files.certificate, "no usable certificate chain");
    if (SSL_CTX_use_PrivateKey_file(ctx, files.private_key.c_str(), SSL_FILETYPE_PEM) != 1) {
        if (ERR_GET_REASON(ERR_peek_last_error()) == X509_R_KEY_VALUES_MISMATCH)
            fail(files.private_key, "does not belong to " + files.certificate);
        fail(files.private_key,
             locked ? "is locked by a pass phrase, which nobody is there to type" : "no usable private key");
    }
    SSL_CTX_set_default_passwd_cb(ctx, nullptr);
    SSL_CTX_set_default_passwd_cb_userdata(ctx, nullptr);

    if (options_.mutual) return context; // the same files serve our own phones, where it is told
    auto* certificate = SSL_CTX_get0_certificate(ctx);
    if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0)
        warnings_.push_back(files.certificate + ": is not valid yet");
    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0)
        warnings_.push_back(files.certificate + ": has ended: no phone accepts it");
    for (const auto& name : files.names) {
        const bool covered = is_address(name) ? X509_check_ip_asc(certificate, name.c_str(), 0) == 1
                                              : X509_check_host(certificate, name.data(), name.size(), 0, nullptr) == 1;
        if (!covered) warnings_.push_back(files.certificate + ": does not cover " + name);
    }
    return context;
}

std::vector<Identities::Term> Identities::terms() const
{
    std::vector<Term> terms;
    for (std::size_t i = 0; i < contexts_.size(); ++i) {
        int days = 0;
        int rest = 0;
        ASN1_TIME_diff(&days, &rest, nullptr, X509_get0_notAfter(SSL_CTX_get0_certificate(contexts_[i].get())));
        terms.push_back({first_names_[i], rest < 0 ? days - 1 : days});
    }
    return terms;
}

SSL_CTX* Identities::find(std::string_view name) const
{
    const auto found = std::ranges::lower_bound(by_name_, name, {}, &std::pair<std::string, SSL_CTX*>::first);
    return found != by_name_.end() && found->first == name ? found->second : nullptr;
}

int Identities::choose(SSL* ssl, int* alert, void* self)
{
    const auto* asked = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    if (asked == nullptr) return SSL_TLSEXT_ERR_OK;
    auto name = lower(asked);
    if (name.ends_with('.')) name.pop_back();
    if (is_address(name)) return SSL_TLSEXT_ERR_OK;
    auto* context = static_cast<const Identities*>(self)->find(name);
    if (context == nullptr) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_SSL_CTX(ssl, context);
    return SSL_TLSEXT_ERR_OK;
}

} // namespace sotto::net
