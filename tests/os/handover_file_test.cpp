#include "os/handover_file.hpp"
#include "support/file_limit.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <vector>

using sotto::os::HandoverFile;

namespace {

std::uint64_t bytes_held(const HandoverFile& file)
{
    struct stat status {};
    REQUIRE(fstat(file.descriptor(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
}

} // namespace

TEST_CASE("What one process has written the next one reads", "[handover]")
{
    auto file = HandoverFile::create();
    const std::vector<std::uint8_t> text{'k', 'e', 'y'};
    file.write(123'456, text);
    auto next = HandoverFile::adopt(dup(file.descriptor()));
    REQUIRE(next);
    std::vector<std::uint8_t> found(5);
    next->read(123'455, found);
    CHECK(found == std::vector<std::uint8_t>{0, 'k', 'e', 'y', 0});
}

TEST_CASE("Its size is sealed, its content is not", "[handover]")
{
    auto file = HandoverFile::create();
    CHECK(ftruncate(file.descriptor(), 4'096) != 0);
    CHECK(ftruncate(file.descriptor(), static_cast<off_t>(HandoverFile::size) * 2) != 0);
    CHECK((fcntl(file.descriptor(), F_GET_SEALS) & F_SEAL_WRITE) == 0);
}

TEST_CASE("Memory that could be cut short or be read-only is not adopted", "[handover]")
{
    const int unsealed = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(ftruncate(unsealed, static_cast<off_t>(HandoverFile::size)) == 0);
    const int copy = dup(unsealed);
    CHECK_FALSE(HandoverFile::adopt(copy));
    CHECK(fcntl(copy, F_GETFD) == -1); // closed
    REQUIRE(fcntl(unsealed, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE) == 0);
    CHECK_FALSE(HandoverFile::adopt(unsealed));
    const int small = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    REQUIRE(ftruncate(small, 4'096) == 0);
    REQUIRE(fcntl(small, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
    CHECK_FALSE(HandoverFile::adopt(small));
}

TEST_CASE("What is released is overwritten, and its pages go back", "[handover]")
{
    auto file = HandoverFile::create();
    const std::vector<std::uint8_t> much(256 * 1024, 0xAB);
    const auto empty = bytes_held(file);
    file.write(1'048'576, much);
    CHECK(bytes_held(file) >= empty + much.size());
    SECTION("a part") { file.release(1'048'576, much.size()); }
    SECTION("everything") { file.release_all(); }
    CHECK(bytes_held(file) == empty);
    std::array<std::uint8_t, 1> byte{1};
    file.read(1'048'576, byte);
    CHECK(byte[0] == 0);
}

TEST_CASE("What is overwritten goes from its end to its begin", "[handover]")
{
    constexpr std::size_t page = 4'096;
    auto file = HandoverFile::create();
    file.write(0, std::vector<std::uint8_t>(2 * page, 0xAB));
    {
        const sotto::test::FileLimit first_page_only{page};
        CHECK_THROWS(file.wipe(0, 2 * page)); // as it is left by a kill
    }
    std::array<std::uint8_t, 1> byte{};
    file.read(0, byte);
    CHECK(byte[0] == 0xAB);
}
