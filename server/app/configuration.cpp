#include "app/configuration.hpp"

#include "config/agree.hpp"
#include "config/check.hpp"
#include "config/difference.hpp"
#include "log/log.hpp"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

namespace sotto::app {
namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

/// One a line.
std::string sentences_of(const std::vector<config::Problem>& problems)
{
    std::string sentences;
    for (const auto& problem : problems) sentences += (sentences.empty() ? "" : "\n") + config::to_string(problem);
    return sentences;
}

struct Keys {
    boost::json::array changed, waiting;
};

Keys keys_of(const std::vector<config::Difference>& differences)
{
    Keys keys;
    for (const auto& difference : differences) {
        if (difference.effect == config::Effect::restart)
            event(Event::restart_needed, field("key", Plain{difference.key}));
        (difference.effect == config::Effect::restart ? keys.waiting : keys.changed).emplace_back(difference.key);
    }
    return keys;
}

/// What can be taken at once must fit what stays until a restart: half of a change may be wrong where the whole is
/// right. Empty: it does.
std::string unfit_before_restart(const config::Settings& next, const config::Settings& now)
{
    config::Loaded mixed{.settings = next};
    config::keep_what_needs_restart(mixed.settings, now);
    config::agree(mixed);
    if (mixed.problems.empty()) return {};
    const auto& problem = mixed.problems.front();
    return "nothing was changed: the file is good, but a part of it counts after a restart only, and without that " +
           problem.key + " " + problem.what + "; restart the daemon: `systemctl restart sotto`";
}

} // namespace

void log_privacy(const config::Settings& settings, const net::Identities& identities, const net::Identities* outside)
{
    for (const auto& sentence : config::weakenings(settings)) event(Event::weakened, field("text", Plain{sentence}));
    for (const auto& sentence : config::notices(settings)) event(Event::notice, field("text", Plain{sentence}));
    for (const auto* one : {&identities, outside})
        if (one != nullptr)
            for (const auto& sentence : one->warnings()) event(Event::notice, field("text", Plain{sentence}));
}

void log_announcers(const config::Settings& settings, const AccountDirectory& accounts)
{
    for (const auto& route : settings.routes) {
        const auto at = route.announcement.rfind('@');
        if (at == std::string::npos) continue;
        const auto address = std::string_view{route.announcement};
        if (accounts.find(address.substr(0, at), address.substr(at + 1)) == nullptr)
            event(Event::notice, field("text", Plain{"routes: nobody announces calls over \"" + route.name +
                                                     "\": its announcement is no account's address"}));
    }
}

Configuration::Configuration(Prepared prepared, os::Folders admitted)
    : prepared_{std::move(prepared)}, admitted_{std::move(admitted)}
{
}

config::Settings Configuration::settings() const
{
    const std::lock_guard lock{mutex_};
    return prepared_.settings;
}

std::shared_ptr<const CoreSettings> Configuration::core() const
{
    const std::lock_guard lock{mutex_};
    return prepared_.core;
}

std::shared_ptr<const net::Identities> Configuration::identities() const
{
    const std::lock_guard lock{mutex_};
    return prepared_.identities;
}

ctl::Reply Configuration::reload(const Use& use)
{
    const std::lock_guard lock{mutex_};
    auto next = prepare(prepared_.settings.file, &admitted_);
    if (!next.problems.empty()) {
        for (const auto& problem : next.problems) {
            const auto sentence = config::to_string(problem);
            event(Event::configuration_problem, field("text", Plain{sentence}));
        }
        event(Event::reload_refused);
        return ctl::CommandError{"configuration", sentences_of(next.problems)};
    }
    const auto unfit = unfit_before_restart(next.settings, prepared_.settings);
    if (!unfit.empty()) {
        event(Event::configuration_problem, field("text", Plain{unfit}));
        event(Event::reload_refused);
        return ctl::CommandError{"configuration", unfit};
    }
    auto keys = keys_of(config::differences(prepared_.settings, next.settings));
    config::keep_what_needs_restart(next.settings, prepared_.settings);
    next.core = core_of(next);
    prepared_ = std::move(next);
    use(prepared_);
    log_privacy(prepared_.settings, *prepared_.identities, prepared_.outside.get());
    event(Event::reloaded, field("domains", prepared_.settings.domains.size()));
    return boost::json::object{{"domains", prepared_.settings.domains.size()},
                               {"changed", std::move(keys.changed)},
                               {"needs_restart", std::move(keys.waiting)}};
}

ctl::Reply Configuration::diff() const
{
    const std::lock_guard lock{mutex_};
    const auto next = prepare(prepared_.settings.file, &admitted_);
    if (!next.problems.empty()) return ctl::CommandError{"configuration", sentences_of(next.problems)};
    const auto unfit = unfit_before_restart(next.settings, prepared_.settings);
    if (!unfit.empty()) return ctl::CommandError{"configuration", unfit};
    boost::json::array rows;
    for (const auto& difference : config::differences(prepared_.settings, next.settings))
        rows.push_back(
            boost::json::object{{"key", difference.key},
                                {"now", difference.now},
                                {"next", difference.next},
                                {"effect", difference.effect == config::Effect::restart ? "restart" : "reload"}});
    return boost::json::object{{"differences", std::move(rows)}};
}

CertificateWatch::Identities Configuration::open_identities() const
{
    const std::lock_guard lock{mutex_};
    return app::open_identities(prepared_.settings);
}

void Configuration::renew(const CertificateWatch::Identities& identities, const Use& use)
{
    const std::lock_guard lock{mutex_};
    prepared_.identities = identities;
    try {
        prepared_.outside = open_outside(prepared_.settings);
    } catch (const net::IdentityError& error) { // it is the authorities of others: no phone is to go without for them
        event(Event::certificate_broken, field("reason", Plain{error.what()}));
    }
    use(prepared_);
}

} // namespace sotto::app
