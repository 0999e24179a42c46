// What a sender says is sealed to one receiver, beside OpenSSL's reading of it. Wherever OpenSSL can read it too:
// - it is of the kind that was seen, from the first byte to the last;
// - what names its receiver alone has one recipient, whom it reaches by a key of that recipient's or a password, and no
//   certificates of its sender's; and OpenSSL's spelling of it names nobody else either.
#include "core/privacy/secure_mime.hpp"
#include "fuzz/require.hpp"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include <cstdint>
#include <memory>
#include <string_view>

using namespace sotto;
using fuzz::require;

namespace {

struct Free {
    void operator()(CMS_ContentInfo* message) const { CMS_ContentInfo_free(message); }
    void operator()(unsigned char* bytes) const { OPENSSL_free(bytes); }
    void operator()(STACK_OF(X509) * certificates) const { sk_X509_pop_free(certificates, X509_free); }
};
template <typename T> using Owned = std::unique_ptr<T, Free>;

/// The originator of a key agreement is a key that this message has brought along, and no name.
void check_agreement(CMS_RecipientInfo* recipient)
{
    X509_ALGOR* algorithm = nullptr;
    ASN1_BIT_STRING* key = nullptr;
    ASN1_OCTET_STRING* identifier = nullptr;
    X509_NAME* issuer = nullptr;
    ASN1_INTEGER* serial = nullptr;
    require(CMS_RecipientInfo_kari_get0_orig_id(recipient, &algorithm, &key, &identifier, &issuer, &serial) == 1,
            "a key agreement has an originator");
    require(key != nullptr && identifier == nullptr && issuer == nullptr, "whose key is an ephemeral one");
    require(sk_CMS_RecipientEncryptedKey_num(CMS_RecipientInfo_kari_get0_reks(recipient)) == 1, "with one recipient");
}

void check_names(CMS_ContentInfo* message)
{
    auto* recipients = CMS_get0_RecipientInfos(message);
    require(sk_CMS_RecipientInfo_num(recipients) == 1, "one recipient");
    auto* recipient = sk_CMS_RecipientInfo_value(recipients, 0);
    switch (CMS_RecipientInfo_type(recipient)) {
    case CMS_RECIPINFO_AGREE:
        check_agreement(recipient);
        break;
    case CMS_RECIPINFO_TRANS:
    case CMS_RECIPINFO_PASS:
        break;
    default:
        require(false, "no key that both know by a name");
    }
    const Owned<STACK_OF(X509)> certificates{CMS_get1_certs(message)};
    require(!certificates || sk_X509_num(certificates.get()) == 0, "no certificates");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto kind = cms_content(bytes);
    const bool alone = names_receiver_alone(bytes);
    if (kind == CmsContent::other) return 0;

    const auto* at = static_cast<const unsigned char*>(data);
    const Owned<CMS_ContentInfo> message{d2i_CMS_ContentInfo(nullptr, &at, static_cast<long>(size))};
    if (message) {
        const auto type = OBJ_obj2nid(CMS_get0_type(message.get()));
        const auto expected = kind == CmsContent::enveloped ? NID_pkcs7_enveloped : NID_id_smime_ct_authEnvelopedData;
        require(type == expected, "the kind is the one that was seen");
        if (alone) {
            require(at == data + size, "nothing is behind it");
            check_names(message.get());
            unsigned char* again = nullptr;
            const int length = i2d_CMS_ContentInfo(message.get(), &again);
            const Owned<unsigned char> owner{again};
            require(length > 0 &&
                        names_receiver_alone({reinterpret_cast<const char*>(again), static_cast<std::size_t>(length)}),
                    "it names its receiver alone in another spelling too");
        }
    }
    ERR_clear_error();
    return 0;
}
