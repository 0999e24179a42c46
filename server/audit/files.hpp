#pragma once
#include <boost/system/result.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string>
#include <system_error>

namespace sotto::audit {

/// An open file, closed with this. Errors are the operating system's.
class File {
public:
    File() = default;
    explicit File(int descriptor) : descriptor_{descriptor} {}
    ~File();
    File(File&& other) noexcept;
    File& operator=(File&& other) noexcept;
    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] explicit operator bool() const { return descriptor_ >= 0; }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_{-1};
};

/// Opens or creates with mode 0600; made by root, a file gets the owner of its folder.
boost::system::result<File, std::error_code> open_own(const std::filesystem::path& file);
/// Makes a folder with mode 0700, owned like the folder around it.
std::error_code make_own_folder(const std::filesystem::path& folder);
/// Writes all of it at `offset`.
std::error_code write_at(const File& file, std::uint64_t offset, std::span<const std::uint8_t> bytes);
std::error_code flush(const File& file);
std::error_code flush_folder(const std::filesystem::path& folder);
/// The file, or only its first `most` bytes.
boost::system::result<std::string, std::error_code>
read_all(const std::filesystem::path& file, std::uint64_t most = std::numeric_limits<std::uint64_t>::max());

} // namespace sotto::audit
