#pragma once
#include "core/types/time.hpp"

#include <openssl/ssl.h>

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

namespace sotto::net {

/// The keys that session tickets are sealed under (RFC 8446 4.6.1, RFC 5077 5.5), so that a phone that comes back
/// proves itself without a signature of ours. Drawn at random, a new one each hour, overwritten an hour after it was
/// replaced, never stored and never given to another process: who records a session cannot ask for its key later, and
/// with the (EC)DHE that resumption needs here, a ticket's key alone opens nothing. Below TLS 1.3, which has no such
/// resumption, there are no tickets. Thread-safe; must outlive the contexts.
class TicketKeys {
public:
    static constexpr seconds period{3'600};

    TicketKeys() = default;
    ~TicketKeys();
    TicketKeys(const TicketKeys&) = delete;
    TicketKeys& operator=(const TicketKeys&) = delete;

    /// From now on `context` gives and takes tickets, one for each handshake: a ticket that is used twice would show
    /// whoever watches the wire that both connections are one phone's (RFC 8446 C.4).
    void serve(SSL_CTX* context);
    /// Draws and destroys what is due at `now`.
    void rotate(TimePoint now);
    /// What stands at the front of the tickets of each key that is alive, the current one's first.
    using Name = std::array<unsigned char, 16>;
    [[nodiscard]] std::vector<Name> names() const;

private:
    struct Key {
        Name name;
        std::array<unsigned char, 32> cipher;
        std::array<unsigned char, 32> hash;
    };
    enum class Purpose : int { open = 0, seal = 1 };

    static int callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* hash,
                        int sealing);
    int prepare(Purpose purpose, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* hash);

    mutable std::mutex mutex_; ///< held for one ticket's key, only in handshakes
    std::optional<Key> current_, previous_;
    TimePoint replaced_at_{}; ///< when `current_` ends
};

} // namespace sotto::net
