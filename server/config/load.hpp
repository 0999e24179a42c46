#pragma once
#include "config/problem.hpp"
#include "config/settings.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::config {

/// A configuration file as it was read. The settings count only when there is no problem; `admin.socket` also to ask a
/// daemon that runs, where `tells_socket`.
struct Loaded {
    Settings settings;
    std::vector<Problem> problems;       ///< everything that is wrong, in the order of the file
    std::map<std::string, Place> places; ///< where each given key stands, by its path with indexes: "domains[0].name"

    [[nodiscard]] bool good() const { return problems.empty(); }
    /// A problem with the value of a key, at its place; for checks that others make (certificates, addresses).
    [[nodiscard]] Problem problem(std::string_view key, std::string what, std::string remedy) const;
};

/// Whether it is known where the daemon of this file is asked, whatever else is wrong: the file says it, or leaves it
/// at the usual place.
bool tells_socket(const Loaded& loaded);

/// Reads and validates a file. Never throws for what the file says; opens no other file. Relative paths start at the
/// file's folder.
Loaded load(const std::filesystem::path& file);

/// The same for text that stands for the content of `file`.
Loaded load_text(const std::string& text, const std::filesystem::path& file);

} // namespace sotto::config
