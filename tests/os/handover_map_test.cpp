#include "os/handover_map.hpp"

#include <catch2/catch.hpp>

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <vector>

using sotto::os::HandoverFile;
using sotto::os::HandoverMap;

namespace {

constexpr std::uint64_t begin = 1'048'576, end = begin + 65'536;
constexpr std::size_t record_size = 256;
using Record = std::array<std::uint8_t, record_size>;

Record read(const HandoverFile& file, std::uint64_t offset)
{
    Record found{};
    file.read(offset, found);
    return found;
}

Record filled(std::uint8_t with)
{
    Record record;
    record.fill(with);
    return record;
}

} // namespace

TEST_CASE("What is written through the map the next process reads", "[handover]")
{
    auto file = HandoverFile::create();
    HandoverMap map{file, begin, end};
    map.write(512, filled(7));
    const auto next = HandoverFile::adopt(dup(file.descriptor()));
    REQUIRE(next);
    CHECK(read(*next, begin + 512) == filled(7));
    CHECK(read(*next, begin + 256) == filled(0));
    map.wipe(512, record_size);
    CHECK(read(*next, begin + 512) == filled(0));
}

TEST_CASE("What the file gives back is empty in the map, and can be written again", "[handover]")
{
    auto file = HandoverFile::create();
    HandoverMap map{file, begin, end};
    map.write(0, filled(7));
    file.release(begin, end - begin);
    CHECK(read(file, begin) == filled(0));
    map.write(0, filled(8));
    CHECK(read(file, begin) == filled(8));
}

TEST_CASE("What is reserved has its memory, and is empty", "[handover]")
{
    auto file = HandoverFile::create();
    struct stat status {};
    REQUIRE(file.reserve(begin, end - begin));
    REQUIRE(fstat(file.descriptor(), &status) == 0);
    CHECK(static_cast<std::uint64_t>(status.st_blocks) * 512 >= end - begin);
    CHECK(read(file, begin) == filled(0));
    CHECK_FALSE(file.reserve(HandoverFile::size, 4'096)); // its size is sealed
}

TEST_CASE("No core dump has what is mapped", "[handover]")
{
    auto file = HandoverFile::create();
    const HandoverMap map{file, begin, end};
    std::ifstream maps{"/proc/self/smaps"};
    bool ours = false;
    std::string flags;
    for (std::string line; std::getline(maps, line);) {
        if (line.find("sotto-handover") != std::string::npos) ours = true;
        if (ours && line.starts_with("VmFlags:") && flags.empty()) flags = line + ' ';
    }
    CHECK(flags.find(" dd ") != std::string::npos);
}

TEST_CASE("Whoever finds the begin of a record finds all of it, whenever its writer was killed", "[handover]")
{
    for (int round = 0; round < 50; ++round) {
        auto file = HandoverFile::create();
        const pid_t writer = fork();
        REQUIRE(writer >= 0);
        if (writer == 0) {
            HandoverMap map{file, begin, end};
            for (std::uint8_t with = 1;; with = static_cast<std::uint8_t>(with % 255 + 1))
                for (std::uint64_t at = 0; at < end - begin; at += record_size) {
                    map.wipe(at, record_size);
                    map.write(at, filled(with));
                }
        }
        while (read(file, end - record_size) == filled(0)) usleep(100); // it has been everywhere once
        kill(writer, SIGKILL);
        REQUIRE(waitpid(writer, nullptr, 0) == writer);
        std::size_t cut = 0;
        for (std::uint64_t at = begin; at < end; at += record_size) {
            const auto record = read(file, at);
            if (std::ranges::all_of(record.begin(), record.begin() + 8, [](auto byte) { return byte == 0; }))
                ++cut;
            else
                CHECK(record == filled(record.front()));
        }
        CHECK(cut <= 1);
    }
}
