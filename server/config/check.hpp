#pragma once
#include "config/load.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace sotto::config {

/// Looks at the files that the settings name: certificates and keys exist, can be read by this user, and keys by nobody
/// else. What is inside them is for whoever opens them. For `--check`, start and reload.
std::vector<Problem> check(const Loaded& loaded);

/// Whether a user who has nothing to do with the file may read or write it. False where there is none.
bool is_open_to_everybody(const std::filesystem::path& file);

/// One sentence for each thing under `weaken:`, for the log at start. Names no account.
std::vector<std::string> weakenings(const Settings& settings);

/// One sentence for each thing that subscribers might expect and that this configuration does not do.
std::vector<std::string> notices(const Settings& settings);

} // namespace sotto::config
