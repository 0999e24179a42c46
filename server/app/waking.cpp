#include "app/waking.hpp"

#include "crypto/openssl_cryptography.hpp"
#include "log/log.hpp"
#include "net/resolver.hpp"

namespace sotto::app {
namespace {

/// A caller waits no longer (`push.wait`).
constexpr seconds caller_waits{25};

/// By a resolver of its own for each search, which knows the name servers that the system has by then.
std::shared_ptr<void> look_up(net::asio::io_context& context, const push::Gateway& gateway,
                              std::function<void(push::Addresses)> done)
{
    auto resolver = std::make_shared<net::Resolver>(context);
    resolver->locate(
        {.host = gateway.host, .port = gateway.port},
        [done = std::move(done)](net::Resolver::Found found) { done(found ? std::move(*found) : push::Addresses{}); });
    return resolver;
}

std::unique_ptr<push::Notifier> notifier(const config::Settings& settings)
{
    const auto& gateway = settings.push.gateway;
    if (!gateway) return nullptr;
    return std::make_unique<push::Notifier>(
        push::Gateway{.host = gateway->host, .port = gateway->port, .authorities = settings.push.authorities}, look_up,
        [](const std::string& reason) {
            log::event(log::Event::push_failed, log::field("reason", log::Plain{reason}));
        });
}

} // namespace

Waking::Waking(const config::Settings& settings, const Keys& keys)
    : keys_{keys.process()}, registrations_{keys.sleepers()}, notifier_{notifier(settings)}
{
}

std::function<void(Wake, std::function<void()>)> Waking::function()
{
    if (!notifier_) return {};
    return [this](Wake phone, std::function<void()> failed) {
        notifier_->wake({.provider = std::move(phone.provider),
                         .parameter = std::move(phone.parameter),
                         .token = std::move(phone.token),
                         .somebody_waits = true,
                         .until = Clock::now() + caller_waits,
                         .failed = std::move(failed)});
    };
}

void Waking::renew(TimePoint now)
{
    // RFC 8599 5.5: who sleeps does not know that its registration ends.
    registrations_->pass(now, [this](const PushRegistrations::Sleeper& sleeper) {
        if (!notifier_) return;
        crypto::OpenSslCryptography cryptography{keys_};
        auto parameters = unpacked(cryptography.open_in_memory(sleeper.parameters.bytes));
        const auto failed = [registrations = registrations_, device = sleeper.device] {
            registrations->not_renewed(device, std::chrono::time_point_cast<milliseconds>(Clock::now()));
        };
        notifier_->wake({.provider = std::move(parameters.provider),
                         .parameter = std::move(parameters.parameter),
                         .token = std::move(parameters.token),
                         .somebody_waits = false,
                         .until = sleeper.until,
                         .failed = failed});
    });
}

void Waking::stop()
{
    if (notifier_) notifier_->stop();
}

push::Notifier::Counts Waking::counts() const { return notifier_ ? notifier_->counts() : push::Notifier::Counts{}; }

} // namespace sotto::app
