#pragma once
#include <filesystem>
#include <sys/types.h>
#include <vector>

/// What the process may still do once it serves: the same that systemd/sotto.service allows, also where no unit stands
/// around it. Left out where a sanitizer needs more.
namespace sotto::os {

/// Folders with everything below them.
struct Folders {
    struct Own {
        std::filesystem::path folder;
        mode_t mode{0700}; ///< when it has to be made
    };
    std::vector<std::filesystem::path> read;
    std::vector<Own> write; ///< read as well

    /// Whether that folder may be read.
    [[nodiscard]] bool admits(const std::filesystem::path& folder) const;
};

/// The folder of a file, and that of every link on the way to it, as they really are: a certificate that is renewed by
/// pointing a link elsewhere stays readable. What does not exist is left out.
std::vector<std::filesystem::path> folders_of(const std::filesystem::path& file);

/// From now on this thread, and those that it starts, open files below these folders only, and below those of the
/// system that libraries read (Landlock). Nothing is executed. Folders that do not exist are left out. False when the
/// kernel does not know it, or a filter around the process forbids it. Throws std::system_error.
bool confine_files(const Folders& folders);

/// From now on the whole process makes the system calls that sandbox.cpp lists only; others fail with EPERM. No new
/// program, no new listener, no memory that is both written and executed (seccomp). Throws std::system_error.
void confine_calls();

} // namespace sotto::os
