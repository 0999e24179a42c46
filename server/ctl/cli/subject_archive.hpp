#pragma once
#include "ctl/admin/protocol.hpp"

#include <filesystem>

namespace sotto::ctl {

/// Writes what `subject export` answered as one archive (POSIX ustar) that only its owner can read: the account and the
/// periods as JSON with a schema, the calls as CSV, the addresses as vCard, and a manifest with the SHA-256 of each.
/// Gives what the command says about it. Throws Refused when the file exists or cannot be written.
json::object write_subject_archive(const std::filesystem::path& file, const json::object& answer);

} // namespace sotto::ctl
