#include "os/handover_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

namespace sotto::os {
namespace {

constexpr int seals = F_SEAL_SHRINK | F_SEAL_GROW;

[[noreturn]] void fail(const char* what) { throw std::system_error{errno, std::generic_category(), what}; }

} // namespace

HandoverFile HandoverFile::create()
{
    HandoverFile file{memfd_create("sotto-handover", MFD_CLOEXEC | MFD_ALLOW_SEALING)};
    if (file.descriptor_ < 0) fail("memory for the next process");
    if (ftruncate(file.descriptor_, static_cast<off_t>(size)) != 0) fail("memory for the next process");
    if (fcntl(file.descriptor_, F_ADD_SEALS, seals) != 0) fail("memory for the next process: sealing its size");
    return file;
}

std::optional<HandoverFile> HandoverFile::adopt(int descriptor)
{
    HandoverFile file{descriptor};
    struct stat status {};
    const int found = fcntl(descriptor, F_GET_SEALS);
    if (found < 0 || (found & seals) != seals || (found & F_SEAL_WRITE) != 0) return std::nullopt;
    if (fstat(descriptor, &status) != 0 || static_cast<std::uint64_t>(status.st_size) != size) return std::nullopt;
    return file;
}

HandoverFile::~HandoverFile()
{
    if (descriptor_ >= 0) close(descriptor_);
}

HandoverFile::HandoverFile(HandoverFile&& other) noexcept : descriptor_{std::exchange(other.descriptor_, -1)} {}

HandoverFile& HandoverFile::operator=(HandoverFile&& other) noexcept
{
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

void HandoverFile::read(std::uint64_t offset, std::span<std::uint8_t> into) const
{
    while (!into.empty()) {
        const auto got = pread(descriptor_, into.data(), into.size(), static_cast<off_t>(offset));
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) fail("reading what the process before has left");
        offset += static_cast<std::uint64_t>(got);
        into = into.subspan(static_cast<std::size_t>(got));
    }
}

void HandoverFile::write(std::uint64_t offset, std::span<const std::uint8_t> from)
{
    while (!from.empty()) {
        const auto put = pwrite(descriptor_, from.data(), from.size(), static_cast<off_t>(offset));
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) fail("writing for the next process");
        offset += static_cast<std::uint64_t>(put);
        from = from.subspan(static_cast<std::size_t>(put));
    }
}

void HandoverFile::wipe(std::uint64_t offset, std::uint64_t length)
{
    static constexpr std::array<std::uint8_t, 4096> zeros{};
    for (auto end = offset + length; end > offset;) {
        const auto part = std::min<std::uint64_t>(end - offset, zeros.size());
        end -= part;
        write(end, std::span{zeros}.first(static_cast<std::size_t>(part)));
    }
}

bool HandoverFile::reserve(std::uint64_t offset, std::uint64_t length)
{
    int failed = 0;
    do failed = fallocate(descriptor_, 0, static_cast<off_t>(offset), static_cast<off_t>(length));
    while (failed != 0 && errno == EINTR);
    return failed == 0;
}

void HandoverFile::release(std::uint64_t offset, std::uint64_t length)
{
    wipe(offset, length);
    if (fallocate(descriptor_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(offset),
                  static_cast<off_t>(length)) != 0)
        fail("giving back memory of the next process");
}

void HandoverFile::release_all()
{
    for (off_t at = 0;;) { // only where there are pages
        at = lseek(descriptor_, at, SEEK_DATA);
        if (at < 0) return; // ENXIO: no more
        const auto end = lseek(descriptor_, at, SEEK_HOLE);
        if (end <= at) return;
        release(static_cast<std::uint64_t>(at), static_cast<std::uint64_t>(end - at));
        at = end;
    }
}

} // namespace sotto::os
