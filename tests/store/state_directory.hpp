#pragma once
#include "store/account_store.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <unistd.h>

namespace sotto::test {

/// Where there is room in memory, that: thousands of commits need not wait for a disk that no test unplugs.
inline std::filesystem::path place_for_state()
{
    constexpr std::uintmax_t enough = 512U << 20U;
    const std::filesystem::path memory = "/dev/shm";
    std::error_code none;
    const auto space = std::filesystem::space(memory, none);
    return !none && space.available >= enough ? memory : std::filesystem::temp_directory_path();
}

/// An empty folder that is gone with the object.
class StateDirectory {
public:
    StateDirectory()
    {
        std::string name = (place_for_state() / "sotto-store-XXXXXX").string();
        path_ = ::mkdtemp(name.data());
    }
    StateDirectory(const StateDirectory&) = delete;
    StateDirectory& operator=(const StateDirectory&) = delete;
    ~StateDirectory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] const std::filesystem::path& path() const { return path_; }
    /// Everything that lies in the folder, byte by byte.
    [[nodiscard]] std::string bytes() const
    {
        std::string all;
        for (const auto& file : std::filesystem::directory_iterator{path_}) {
            std::ifstream stream{file.path(), std::ios::binary};
            all.append(std::istreambuf_iterator<char>{stream}, {});
        }
        return all;
    }

private:
    std::filesystem::path path_;
};

/// A file for nobody else. False: there can be none.
inline bool touch_private(const std::filesystem::path& file)
{
    const int descriptor = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    return descriptor >= 0 && ::close(descriptor) == 0;
}

/// A copy in the place of a database that nobody has open, as an operator restores it.
inline void put_back(const std::filesystem::path& database, const std::filesystem::path& copy)
{
    std::filesystem::copy_file(copy, database, std::filesystem::copy_options::overwrite_existing);
    for (const auto* rest : {"-wal", "-shm"}) std::filesystem::remove(database.string() + rest);
}

/// example.org with an alias; MD5 for the accounts that are named ("*": all).
inline store::AccountPolicy policy(std::set<std::string> md5 = {})
{
    return {
        .names = {{"example.org", "example.org"}, {"sip.example.org", "example.org"}, {"example.net", "example.net"}},
        .algorithm_of = [md5 = std::move(md5)](std::string_view user, std::string_view domain) {
            const bool named = md5.contains("*") || md5.contains(std::string{user} + "@" + std::string{domain});
            return named ? DigestAlgorithm::md5 : DigestAlgorithm::sha256;
        }};
}

} // namespace sotto::test
