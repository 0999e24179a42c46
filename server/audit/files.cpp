#include "audit/files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sotto::audit {
namespace {

std::error_code last_error() { return {errno, std::generic_category()}; }

/// What root makes for the service belongs to whoever owns the folder around it.
std::error_code give_to_owner_of(const std::filesystem::path& folder, int descriptor)
{
    struct stat owner {
    }, own{};
    if (::geteuid() != 0) return {};
    if (::stat(folder.c_str(), &owner) != 0 || ::fstat(descriptor, &own) != 0) return last_error();
    // The sandbox forbids to change an owner, so it is changed only where it is another one.
    if (own.st_uid == owner.st_uid && own.st_gid == owner.st_gid) return {};
    if (::fchown(descriptor, owner.st_uid, owner.st_gid) != 0) return last_error();
    return {};
}

} // namespace

File::~File()
{
    if (descriptor_ >= 0) ::close(descriptor_);
}
File::File(File&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}
File& File::operator=(File&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

boost::system::result<File, std::error_code> open_own(const std::filesystem::path& file)
{
    File opened{::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, S_IRUSR | S_IWUSR)};
    if (!opened) return last_error();
    if (const auto failed = give_to_owner_of(file.parent_path(), opened.descriptor())) return failed;
    return opened;
}

std::error_code make_own_folder(const std::filesystem::path& folder)
{
    if (::mkdir(folder.c_str(), S_IRWXU) != 0) return errno == EEXIST ? std::error_code{} : last_error();
    const File made{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)};
    return made ? give_to_owner_of(folder.parent_path(), made.descriptor()) : last_error();
}

std::error_code write_at(const File& file, std::uint64_t offset, std::span<const std::uint8_t> bytes)
{
    while (!bytes.empty()) {
        const auto written = ::pwrite(file.descriptor(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return written < 0 ? last_error() : std::make_error_code(std::errc::io_error);
        offset += static_cast<std::uint64_t>(written);
        bytes = bytes.subspan(static_cast<std::size_t>(written));
    }
    return {};
}

std::error_code flush(const File& file)
{
    return ::fdatasync(file.descriptor()) == 0 ? std::error_code{} : last_error();
}

std::error_code flush_folder(const std::filesystem::path& folder)
{
    const File opened{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
    return opened && ::fsync(opened.descriptor()) == 0 ? std::error_code{} : last_error();
}

boost::system::result<std::string, std::error_code> read_all(const std::filesystem::path& file, std::uint64_t most)
{
    const File opened{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
    if (!opened) return last_error();
    constexpr std::size_t step = 65'536;
    std::string text;
    for (;;) {
        const auto had = text.size();
        const auto wanted = static_cast<std::size_t>(std::min<std::uint64_t>(step, most - had));
        text.resize(had + wanted);
        const auto got = ::read(opened.descriptor(), text.data() + had, wanted);
        if (got < 0 && errno != EINTR) return last_error();
        text.resize(had + static_cast<std::size_t>(got > 0 ? got : 0));
        if (got == 0) return text;
    }
}

} // namespace sotto::audit
