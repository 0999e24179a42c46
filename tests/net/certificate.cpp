#include "net/certificate.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace sotto::test {

TemporaryFolder::TemporaryFolder()
{
    auto pattern = (std::filesystem::temp_directory_path() / "sotto-net-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error{"no temporary folder"};
    path_ = pattern;
}
TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

net::IdentityFiles make_certificate(const std::filesystem::path& folder, const std::vector<std::string>& names,
                                    int days)
{
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key{EVP_EC_gen("P-256"), &EVP_PKEY_free};
    const std::unique_ptr<X509, decltype(&X509_free)> certificate{X509_new(), &X509_free};
    auto* x = certificate.get();
    X509_set_version(x, 2);
    static long serial = 1;
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), days < 0 ? (days - 1) * 86'400L : -60);
    X509_gmtime_adj(X509_getm_notAfter(x), days * 86'400L + 60);
    X509_set_pubkey(x, key.get());
    auto* subject = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(names.front().c_str()), -1, -1, 0);
    X509_set_issuer_name(x, subject);
    std::string alternatives;
    for (const auto& name : names) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    const std::unique_ptr<X509_EXTENSION, decltype(&X509_EXTENSION_free)> extension{
        X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, alternatives.c_str()), &X509_EXTENSION_free};
    X509_add_ext(x, extension.get(), -1);
    X509_sign(x, key.get(), EVP_sha256());

    net::IdentityFiles files{.names = names,
                             .certificate = folder / (names.front() + ".pem"),
                             .private_key = folder / (names.front() + ".key")};
    const auto write = [](const std::string& path, auto put) {
        const std::unique_ptr<std::FILE, decltype(&std::fclose)> file{std::fopen(path.c_str(), "w"), &std::fclose};
        put(file.get());
    };
    write(files.certificate, [&](std::FILE* file) { PEM_write_X509(file, x); });
    write(files.private_key,
          [&](std::FILE* file) { PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr); });
    return files;
}

} // namespace sotto::test
