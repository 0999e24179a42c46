#pragma once
#include "net/ticket_keys.hpp"

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::net {

/// One served domain's certificate: the names it answers to (lower case), its chain and its key as PEM files.
struct IdentityFiles {
    std::vector<std::string> names;
    std::string certificate;
    std::string private_key;
};

struct TlsOptions {
    bool tls12{false};         ///< TLS 1.2 with ECDHE and AEAD too; otherwise TLS 1.3 only
    bool mutual{false};        ///< for other domains: whoever connects must have a certificate too, and we show ours
    std::string authorities{}; ///< with `mutual`: PEM file of who may certify; empty: whom the system trusts
    std::size_t padding{4096}; ///< SIP messages fill whole cells of that many bytes; 0: none; at most 16384
};

/// A certificate or key that cannot be used: says which file and why.
class IdentityError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

/// The server's certificates, ready for handshakes: chosen by SNI (RFC 6066 3), the first one without it; an unknown
/// name is refused with unrecognized_name. An address in SNI, which RFC 6066 forbids and some phones send, counts as
/// none. Immutable and safe to share; a reload makes a new set, connections keep what they began with. A set must
/// outlive the handshakes begun with it.
class Identities {
public:
    /// Throws IdentityError.
    Identities(std::span<const IdentityFiles> files, const TlsOptions& options);
    Identities(const Identities&) = delete;
    Identities& operator=(const Identities&) = delete;

    /// The context that every connection starts with.
    [[nodiscard]] SSL_CTX* initial() const { return contexts_.front().get(); }
    [[nodiscard]] bool mutual() const { return options_.mutual; }
    /// Of connections that we begin: what speaks for a served domain.
    struct Speaker {
        SSL_CTX* context{nullptr};  ///< null unless `mutual`
        std::size_t certificate{0}; ///< the place of its file
        bool proves{false}; ///< that domain; otherwise nothing does, and this is its own or the first certificate
    };
    /// The first certificate that proves the domain (RFC 5922 7.1): one that names several speaks for all of them.
    [[nodiscard]] Speaker speaker(std::string_view domain) const;
    /// How long a certificate is still good.
    struct Term {
        std::string name; ///< first name of the domain
        int days{0};      ///< whole days left; negative: it has expired
    };
    /// In the order of the files, as of now.
    [[nodiscard]] std::vector<Term> terms() const;
    /// What an operator should hear: names that a certificate does not cover, one that is not valid yet, or has ended.
    [[nodiscard]] const std::vector<std::string>& warnings() const { return warnings_; }
    /// Most bytes of one write that still end on the edge of a cell.
    [[nodiscard]] std::size_t longest_write() const { return longest_write_; }

private:
    struct Free {
        void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
    };
    using Context = std::unique_ptr<SSL_CTX, Free>;

    [[nodiscard]] SSL_CTX* find(std::string_view name) const;
    static int choose(SSL* ssl, int* alert, void* self);
    Context make_context(const IdentityFiles& files, const SSL_METHOD* method);
    void demand_certificate(SSL_CTX* ctx) const;

    TlsOptions options_;
    std::size_t record_;
    std::size_t longest_write_;
    TicketKeys tickets_;
    std::vector<Context> contexts_;
    /// A certificate as it is shown to other domains.
    struct Shown {
        Context context;
        std::vector<std::string> proves;
    };
    std::vector<Shown> shown_;             ///< in the order of the files; empty unless `mutual`
    std::vector<std::string> first_names_; ///< of each context
    std::vector<std::pair<std::string, SSL_CTX*>> by_name_;
    std::vector<std::string> warnings_;
};

/// True when the whole days that a certificate is still good have passed 30, 7 or 1 since the last look, or are over.
constexpr bool expiry_is_due(int before, int now)
{
    for (const int limit : {30, 7, 1})
        if (now <= limit && before > limit) return true;
    return now < 0;
}

} // namespace sotto::net
