#include "store/private_file.hpp"

#include "store/store_error.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sotto::store {

int open_private(const std::filesystem::path& file)
{
    const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR);
    if (descriptor < 0)
        throw StoreError{StoreError::Kind::unavailable,
                         file.string() + " cannot be opened: " + std::generic_category().message(errno)};
    struct stat folder {
    }, own{};
    // The sandbox forbids to change an owner, so it is changed only where it is another one.
    if (::geteuid() == 0 && ::stat(file.parent_path().c_str(), &folder) == 0 && ::fstat(descriptor, &own) == 0 &&
        (own.st_uid != folder.st_uid || own.st_gid != folder.st_gid) &&
        ::fchown(descriptor, folder.st_uid, folder.st_gid) != 0) {
        const auto reason = std::generic_category().message(errno);
        ::close(descriptor);
        throw StoreError{StoreError::Kind::unavailable, file.string() + " cannot be given to its owner: " + reason};
    }
    return descriptor;
}

void make_private_folder(const std::filesystem::path& folder)
{
    const auto fail = [&](const char* doing) {
        throw StoreError{StoreError::Kind::unavailable,
                         folder.string() + " " + doing + ": " + std::generic_category().message(errno)};
    };
    if (::mkdir(folder.c_str(), S_IRWXU) == 0) {
        struct stat parent {};
        if (::geteuid() == 0 && ::stat(folder.parent_path().c_str(), &parent) == 0 &&
            (parent.st_uid != ::geteuid() || parent.st_gid != ::getegid()) &&
            ::chown(folder.c_str(), parent.st_uid, parent.st_gid) != 0)
            fail("cannot be given to its owner");
    } else if (errno != EEXIST) {
        fail("cannot be made");
    }
}

void remove_private(const std::filesystem::path& file)
{
    std::error_code fault;
    std::filesystem::remove(file, fault);
    if (fault)
        throw StoreError{StoreError::Kind::unavailable, file.string() + " cannot be removed: " + fault.message()};
}

} // namespace sotto::store
