#pragma once
#include "config/load.hpp"
#include "net/identities.hpp"
#include "net/options.hpp"
#include "os/sandbox.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace sotto::app {

/// What a configuration means to the workers, with everything that it names opened. Made before anything that runs is
/// touched, so that a wrong file changes nothing.
struct Prepared {
    config::Settings settings;
    std::string relay_secret;                 ///< what the file turn.secret holds
    std::vector<std::string> route_passwords; ///< what their files hold; in the order of the routes, empty: none
    std::shared_ptr<const CoreSettings> core;
    std::string certificates; ///< CertificateWatch::content_of, before `identities` were read
    std::shared_ptr<const net::Identities> identities;
    std::shared_ptr<const net::Identities> outside; ///< toward other domains
    std::shared_ptr<const net::ConnectionLimits> connections;
    std::vector<config::Problem> problems; ///< when there is one, nothing else counts
    std::vector<config::Problem> warnings; ///< of what is read at the start only; no reason not to start
};

/// Reads, validates and opens. For `--check`, start and reload. `admitted`: the folders that the running daemon may
/// open files in; null: any.
Prepared prepare(const std::filesystem::path& file, const os::Folders* admitted = nullptr);

/// For `--check`, of a file that is good: what is amiss and no reason not to start, because it can be mended while the
/// daemon runs, as accounts are made then. Opens the database of accounts.
std::vector<config::Problem> warnings_of(const std::filesystem::path& file);

/// What the daemon needs to read and write with this configuration, and when the files in it are renewed.
os::Folders folders_of(const config::Settings& settings);

/// What the core needs of the settings, as they are now.
std::shared_ptr<const CoreSettings> core_of(const Prepared& prepared);
/// The configured certificates as they lie on the disk now. Throws net::IdentityError, also for what a start refuses.
std::shared_ptr<const net::Identities> open_identities(const config::Settings& settings);
/// The same toward other domains, with the authorities that their certificates are checked by; null: there are none.
std::shared_ptr<const net::Identities> open_outside(const config::Settings& settings);

/// `descriptors`: how many the process may open.
net::AdmissionLimits admission_of(const config::Settings& settings, std::size_t workers, std::uint64_t descriptors);

} // namespace sotto::app
