#include "app/certificate_watch.hpp"

#include "config/check.hpp"
#include "crypto/primitives.hpp"
#include "log/log.hpp"

#include <array>
#include <climits>
#include <fstream>
#include <sstream>

namespace sotto::app {
namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr std::chrono::hours day{24};

std::vector<std::filesystem::path> files_of(const config::Settings& settings)
{
    std::vector<std::filesystem::path> files;
    for (const auto& domain : settings.domains) {
        files.push_back(domain.certificate);
        files.push_back(domain.private_key);
    }
    return files;
}

std::string hash_of(const std::vector<std::filesystem::path>& files)
{
    std::ostringstream all;
    for (const auto& file : files) {
        std::ifstream in{file, std::ios::binary};
        all << file.string() << '\0' << config::is_open_to_everybody(file) << in.rdbuf() << '\0';
        all.clear(); // a file that is missing or empty counts as that
    }
    auto text = std::move(all).str();
    std::array<std::uint8_t, 32> hash{};
    crypto::Hash{"SHA256"}(crypto::as_bytes(text), hash);
    explicit_bzero(text.data(), text.size()); // keys are among them
    return {hash.begin(), hash.end()};
}

} // namespace

CertificateWatch::CertificateWatch(boost::asio::io_context& io, Hooks hooks)
    : hooks_{std::move(hooks)}, files_{io, [this] { files_changed(); }}, daily_{io}
{
    every_day();
}

std::string CertificateWatch::content_of(const config::Settings& settings) { return hash_of(files_of(settings)); }

void CertificateWatch::follow(const config::Settings& settings, const Identities& identities,
                              const std::string& content)
{
    paths_ = files_of(settings);
    identities_ = identities;
    content_ = content;
    look_at_terms();
    files_changed(); // nobody watched since they were read
}

void CertificateWatch::files_changed()
{
    files_.watch(paths_); // the way to them may be another now
    auto content = hash_of(paths_);
    if (content == content_) return;
    content_ = std::move(content);
    try {
        const auto fresh = hooks_.open();
        hooks_.use(fresh);
        identities_ = fresh;
    } catch (const net::IdentityError& error) {
        event(Event::certificate_broken, field("reason", Plain{error.what()}));
        return;
    }
    event(Event::certificates_renewed, field("domains", identities_->terms().size()));
    for (const auto& sentence : identities_->warnings()) event(Event::notice, field("text", Plain{sentence}));
    look_at_terms();
}

void CertificateWatch::look_at_terms()
{
    for (const auto& term : identities_->terms()) {
        const auto [known, fresh] = days_.try_emplace(term.name, INT_MAX);
        if (net::expiry_is_due(known->second, term.days))
            event(Event::certificate_expires, field("domain", Plain{term.name}), field("days", term.days));
        known->second = term.days;
    }
}

void CertificateWatch::every_day()
{
    daily_.expires_after(day);
    daily_.async_wait([this](boost::system::error_code stopped) {
        if (stopped) return;
        files_changed(); // for a folder that could not be watched
        look_at_terms();
        every_day();
    });
}

} // namespace sotto::app
