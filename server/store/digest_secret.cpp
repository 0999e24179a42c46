#include "store/digest_secret.hpp"

#include "store/store_error.hpp"

#include <memory>
#include <openssl/evp.h>

namespace sotto::store {

DigestSecret digest_secret(DigestAlgorithm algorithm, std::string_view user, std::string_view realm,
                           std::string_view password)
{
    struct Free {
        void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
    };
    const std::unique_ptr<EVP_MD_CTX, Free> context{EVP_MD_CTX_new()};
    DigestSecret secret{.algorithm = algorithm};
    bool done =
        EVP_DigestInit_ex(context.get(), algorithm == DigestAlgorithm::sha256 ? EVP_sha256() : EVP_md5(), nullptr) == 1;
    for (const auto part : {user, std::string_view{":"}, realm, std::string_view{":"}, password})
        done = done && EVP_DigestUpdate(context.get(), part.data(), part.size()) == 1;
    unsigned length = 0;
    done = done && EVP_DigestFinal_ex(context.get(), secret.bytes.data(), &length) == 1;
    if (!done) throw StoreError{StoreError::Kind::unavailable, "the digest algorithm is not available in this OpenSSL"};
    return secret;
}

} // namespace sotto::store
