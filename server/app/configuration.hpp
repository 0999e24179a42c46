#pragma once
#include "app/certificate_watch.hpp"
#include "app/prepared.hpp"
#include "core/auth/account.hpp"
#include "ctl/admin/protocol.hpp"

#include <functional>
#include <memory>
#include <mutex>

namespace sotto::app {

/// The configuration in force, and its change while the daemon runs: all of a new file, or nothing of it. Any thread.
class Configuration {
public:
    /// Introduces it to those who live by it; under the lock: it must not call back.
    using Use = std::function<void(const Prepared&)>;

    /// `admitted`: where the process may open files.
    Configuration(Prepared prepared, os::Folders admitted);

    /// Before other threads know of it.
    [[nodiscard]] const Prepared& initial() const { return prepared_; }
    [[nodiscard]] config::Settings settings() const;
    [[nodiscard]] std::shared_ptr<const CoreSettings> core() const;
    [[nodiscard]] std::shared_ptr<const net::Identities> identities() const;

    /// Reads the file again. What needs a restart stays as it is, and is named in the answer and in the log.
    ctl::Reply reload(const Use& use);
    /// What `reload` would change.
    [[nodiscard]] ctl::Reply diff() const;
    /// The configured certificates as they lie on the disk now. Throws net::IdentityError.
    [[nodiscard]] CertificateWatch::Identities open_identities() const;
    /// Throws net::IdentityError when those toward other domains cannot be made.
    void renew(const CertificateWatch::Identities& identities, const Use& use);

private:
    mutable std::mutex mutex_; ///< guards `prepared_`
    Prepared prepared_;
    os::Folders admitted_;
};

/// What an operator must know of what is in force.
void log_privacy(const config::Settings& settings, const net::Identities& identities, const net::Identities* outside);
/// Which routes have an `announcement` that is no account's address.
void log_announcers(const config::Settings& settings, const AccountDirectory& accounts);

} // namespace sotto::app
