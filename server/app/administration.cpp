#include "app/administration.hpp"

#include "app/auditing.hpp"
#include "log/log.hpp"
#include "net/stack.hpp"

#include <boost/asio/executor_work_guard.hpp>

#include <pthread.h>

namespace sotto::app {
namespace {

ctl::RoleGroups groups_of(const config::Settings::Admin& settings)
{
    return {settings.operators, settings.billing, settings.privacy_officers};
}

} // namespace

Administration::Administration(const config::Settings::Admin& settings, ctl::Handlers handlers,
                               ctl::Canonical canonical, ctl::Desk::Nearest nearest, ctl::Desk::Another another,
                               audit::AuditLog& audit)
    : desk_{std::move(handlers),
            [groups = groups_of(settings)](const ctl::PeerCredentials& peer) { return roles_by_group(groups, peer); },
            std::move(canonical),
            audit,
            std::move(nearest),
            std::move(another),
            Auditing::say_unwritable},
      server_{std::make_unique<ctl::AdminServer>(
          context_, settings.socket,
          [this](std::string_view command, const boost::json::object& arguments, const ctl::PeerCredentials& peer) {
              return desk_.perform(command, arguments, peer);
          },
          gids_of(groups_of(settings)))}
{
    if (!server_->groups_admitted())
        log::event(log::Event::notice,
                   log::field("text", "admin.socket: its file system knows no access lists: the groups of admin: "
                                      "cannot use sotto, only root and the service's user can"));
    thread_ = std::thread{[this] { run(); }};
}

Administration::~Administration()
{
    context_.stop();
    if (thread_.joinable()) thread_.join();
}

void Administration::run()
{
    pthread_setname_np(pthread_self(), "admin");
    const auto work = boost::asio::make_work_guard(context_);
    // What a command has shown, and why, lies below this frame afterwards, until another one overwrites it.
    while (context_.run_one() > 0) net::wipe_stack();
}

} // namespace sotto::app
