#pragma once
#include "audit/file_audit_log.hpp"

#include <array>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <unistd.h>

/// What the tests of the audit log have in common: a folder, a key, an entry about somebody.
namespace sotto::test {

namespace fs = std::filesystem;

inline const audit::Action alice_shown{.who = {1000, "olga"},
                                       .what = "account show",
                                       .purpose = "provision",
                                       .reason = "ticket 4711: Alice cannot register",
                                       .subject = "alice@example.org"};

struct Folder {
    fs::path path;
    Folder()
    {
        std::string name = "/tmp/sotto-audit-XXXXXX";
        path = ::mkdtemp(name.data());
    }
    ~Folder() { fs::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
};

inline crypto::Secret audit_key() { return crypto::Secret{std::array<std::uint8_t, 32>{1, 2, 3}}; }

inline std::string read(const fs::path& file)
{
    std::ostringstream text;
    text << std::ifstream{file, std::ios::binary}.rdbuf();
    return text.str();
}

} // namespace sotto::test
