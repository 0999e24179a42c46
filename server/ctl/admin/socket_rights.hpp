#pragma once
#include <filesystem>
#include <string>
#include <sys/types.h>
#include <vector>

namespace sotto::ctl {

/// Adds to a file's rights that the members of some groups may do what `permissions` ("rw", "x") says (acl(5)). False
/// when the file system knows no access lists, or the file is not ours.
bool admit_groups(const std::filesystem::path& file, const std::vector<gid_t>& groups, const std::string& permissions);

} // namespace sotto::ctl
