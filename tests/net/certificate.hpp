#pragma once
#include "net/identities.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sotto::test {

/// A folder of its own, gone with the object.
class TemporaryFolder {
public:
    TemporaryFolder();
    ~TemporaryFolder();
    TemporaryFolder(const TemporaryFolder&) = delete;
    TemporaryFolder& operator=(const TemporaryFolder&) = delete;
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;
};

/// A self-signed P-256 certificate for `names`, the first of which is its subject, valid for `days` (negative:
/// expired).
net::IdentityFiles make_certificate(const std::filesystem::path& folder, const std::vector<std::string>& names,
                                    int days = 7);

} // namespace sotto::test
