#include "net/ticket_keys.hpp"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>

#include <algorithm>
#include <stdexcept>

namespace sotto::net {

namespace {

/// Where a context keeps the way to its keys.
int place()
{
    static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

template <class Key> void destroy(std::optional<Key>& key)
{
    if (key) OPENSSL_cleanse(&*key, sizeof *key);
    key.reset();
}

constexpr unsigned char session_id_context[] = {'s', 'i', 'p'};

/// What the library permits by itself: first asked of a context that nobody has told anything else.
auto usual(const SSL_CTX* context)
{
    static const auto callback = SSL_CTX_get_security_callback(context);
    return callback;
}

/// Below TLS 1.3 a ticket is sent in the clear, and whoever comes back with it agrees on no fresh keys.
int permit(const SSL* ssl, const SSL_CTX* context, int what, int bits, int id, void* other, void* data)
{
    if (what == SSL_SECOP_TICKET && ssl != nullptr && SSL_version(ssl) < TLS1_3_VERSION) return 0;
    return usual(context)(ssl, context, what, bits, id, other, data);
}

} // namespace

TicketKeys::~TicketKeys()
{
    destroy(current_);
    destroy(previous_);
}

void TicketKeys::serve(SSL_CTX* context)
{
    SSL_CTX_set_ex_data(context, place(), this);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, &TicketKeys::callback);
    SSL_CTX_set_session_id_context(context, session_id_context, sizeof session_id_context);
    SSL_CTX_set_timeout(context, static_cast<long>(period.count()));
    SSL_CTX_set_num_tickets(context, 1);
    usual(context); // noted before it is replaced
    SSL_CTX_set_security_callback(context, &permit);
}

void TicketKeys::rotate(TimePoint now)
{
    const std::scoped_lock lock{mutex_};
    if (current_ && now < replaced_at_) return;
    destroy(previous_);
    if (current_ && now < replaced_at_ + period) previous_ = *current_;
    destroy(current_);
    current_.emplace();
    if (RAND_bytes(current_->name.data(), static_cast<int>(current_->name.size())) != 1 ||
        RAND_priv_bytes(current_->cipher.data(), static_cast<int>(current_->cipher.size())) != 1 ||
        RAND_priv_bytes(current_->hash.data(), static_cast<int>(current_->hash.size())) != 1)
        throw std::runtime_error{"no random bytes"};
    replaced_at_ = now + period;
}

std::vector<TicketKeys::Name> TicketKeys::names() const
{
    const std::scoped_lock lock{mutex_};
    std::vector<Name> names;
    for (const auto* key : {&current_, &previous_})
        if (*key) names.push_back((*key)->name);
    return names;
}

int TicketKeys::callback(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher, EVP_MAC_CTX* hash,
                         int sealing)
{
    auto& keys = *static_cast<TicketKeys*>(SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), place()));
    try {
        keys.rotate(std::chrono::time_point_cast<milliseconds>(Clock::now()));
        return keys.prepare(sealing != 0 ? Purpose::seal : Purpose::open, name, iv, cipher, hash);
    } catch (const std::exception&) {
        return -1;
    }
}

// SSL_CTX_set_tlsext_ticket_key_evp_cb(3): 0 no such key, 1 done, 2 done and the client is to have a new ticket.
int TicketKeys::prepare(Purpose purpose, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                        EVP_MAC_CTX* hash)
{
    const std::scoped_lock lock{mutex_};
    const Key* key = &*current_;
    if (purpose == Purpose::seal) {
        std::ranges::copy(key->name, name);
        if (RAND_bytes(iv, EVP_MAX_IV_LENGTH) != 1) return -1;
    } else if (!std::equal(key->name.begin(), key->name.end(), name)) {
        if (!previous_ || !std::equal(previous_->name.begin(), previous_->name.end(), name)) return 0;
        key = &*previous_;
    }
    char digest[] = "SHA256";
    const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
    const bool good =
        EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), nullptr, key->cipher.data(), iv, static_cast<int>(purpose)) == 1 &&
        EVP_MAC_init(hash, key->hash.data(), key->hash.size(), parameters) == 1;
    if (!good) return -1;
    return purpose == Purpose::seal ? 1 : 2;
}

} // namespace sotto::net
