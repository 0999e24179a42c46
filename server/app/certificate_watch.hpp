#pragma once
#include "config/settings.hpp"
#include "net/identities.hpp"
#include "os/file_watch.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace sotto::app {

/// Follows the configured certificates: puts new ones into use when their files change, keeps the old ones when the new
/// cannot be used, and warns before one ends. On the main thread.
class CertificateWatch {
public:
    using Identities = std::shared_ptr<const net::Identities>;
    struct Hooks {
        std::function<Identities()> open; ///< from the files as they are now; throws net::IdentityError
        std::function<void(const Identities&)> use;
    };
    CertificateWatch(boost::asio::io_context& io, Hooks hooks);

    /// Of the files of all certificates: changes when any of them does, or is opened to every user or closed to them.
    static std::string content_of(const config::Settings& settings);

    /// At the start, and after each reload. `content`: of the files as `identities` were read from them, or of before;
    /// what has changed since then is put into use at once.
    void follow(const config::Settings& settings, const Identities& identities, const std::string& content);

private:
    void files_changed();
    void look_at_terms();
    void every_day();

    Hooks hooks_;
    os::FileWatch files_;
    boost::asio::steady_timer daily_;
    std::vector<std::filesystem::path> paths_;
    std::string content_; ///< hash of all files as they were at the last look
    Identities identities_;
    std::map<std::string, int> days_; ///< left at the last look, by domain
};

} // namespace sotto::app
