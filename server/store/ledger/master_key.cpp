#include "store/ledger/master_key.hpp"

#include "store/store_error.hpp"

#include <openssl/crypto.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fcntl.h>
#include <string>
#include <system_error>
#include <unistd.h>

namespace sotto::store {
namespace {

constexpr std::size_t key_size = 32;

int digit(std::uint8_t c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

} // namespace

crypto::Secret read_master_key(const std::filesystem::path& file)
{
    const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (descriptor < 0)
        throw StoreError{StoreError::Kind::unavailable, "the master key in " + file.string() + " cannot be read: " +
                                                            std::generic_category().message(errno)};
    std::array<std::uint8_t, 2 * key_size + 2> text{};
    const auto got = ::read(descriptor, text.data(), text.size());
    ::close(descriptor);
    crypto::Secret key{key_size};
    bool fits = got == 2 * key_size || (got == 2 * key_size + 1 && text[2 * key_size] == '\n');
    for (std::size_t i = 0; fits && i < key_size; ++i) {
        const int high = digit(text[2 * i]);
        const int low = digit(text[2 * i + 1]);
        fits = high >= 0 && low >= 0;
        key.bytes()[i] = static_cast<std::uint8_t>(high << 4 | low);
    }
    OPENSSL_cleanse(text.data(), text.size());
    if (!fits)
        throw StoreError{StoreError::Kind::unavailable,
                         file.string() + " is no master key: it must hold 64 hexadecimal digits; make one with "
                                         "\"openssl rand -hex 32\""};
    return key;
}

crypto::Secret master_key(std::filesystem::path configured)
{
    if (configured.empty()) configured = credential(master_credential);
    if (configured.empty())
        throw StoreError{StoreError::Kind::unavailable,
                         "calls are billed, and there is no master key: give the service the credential "
                         "sotto-master-key (LoadCredentialEncrypted=), or name a file in weaken.master_key_file"};
    return read_master_key(configured);
}

std::filesystem::path credential(const char* name)
{
    const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
    if (folder == nullptr) return {};
    auto file = std::filesystem::path{folder} / name;
    return std::filesystem::exists(file) ? file : std::filesystem::path{};
}

} // namespace sotto::store
