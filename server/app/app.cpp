#include "app/app.hpp"

#include "app/daemon_line.hpp"
#include "app/every.hpp"
#include "app/turn.hpp"
#include "config/check.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/diagnosis_commands.hpp"
#include "ctl/admin/erased.hpp"
#include "ctl/admin/ledger_commands.hpp"
#include "ctl/admin/report_commands.hpp"
#include "ctl/admin/route_commands.hpp"
#include "log/log.hpp"
#include "metrics/exposition.hpp"
#include "net/listener.hpp"
#include "os/notify.hpp"
#include "os/process.hpp"
#include "os/sandbox.hpp"
#include "store/account_snapshot.hpp"
#include "store/pair_key.hpp"
#include "wire/parse.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <thread>

namespace sotto::app {

namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr milliseconds expiry_tick{500};
constexpr milliseconds forgetting_tick{10'000};
constexpr seconds goodbye_time{3};
constexpr seconds closing_time{12}; ///< at most, for the ledger and the rest, after the last goodbye

TimePoint now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

std::uint16_t workers_of(const config::Settings& settings)
{
    const auto count = settings.threads != 0 ? settings.threads : std::max(1U, std::thread::hardware_concurrency());
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, WorkerSet{}.size()));
}

std::size_t accounts_in(const std::shared_ptr<const AccountDirectory>& directory)
{
    const auto* snapshot = dynamic_cast<const store::AccountSnapshot*>(directory.get());
    return snapshot == nullptr ? 0 : snapshot->size();
}

void log_accept_failure(const net::Endpoint& at, const boost::system::error_code& reason)
{
    const auto address = net::text_of(at);
    const auto text = reason.message();
    event(Event::listener_failed, field("address", Plain{address}), field("reason", Plain{text}));
}

void log_no_way(std::string_view route, net::WayFailure reason)
{
    event(Event::route_unreachable, field("route", Plain{route}), field("reason", Plain{net::text_of(reason)}));
}

log::Level level_of(const config::Settings& settings) { return static_cast<log::Level>(settings.log.level); }
static_assert(static_cast<int>(config::LogLevel::error) == static_cast<int>(log::Level::error));

} // namespace

App::App(Prepared prepared, os::Folders admitted)
    : descriptors_{os::raise_descriptor_limit()}, signals_{main_, signal_numbers()}, started_{now()},
      started_at_{std::chrono::floor<seconds>(std::chrono::system_clock::now())},
      configuration_{std::move(prepared), std::move(admitted)}, lock_{take_turn(
                                                                    configuration_.initial().settings.state_directory)},
      passed_{os::passed_descriptors()}, location_{std::make_shared<location::MemoryLocationService>()},
      anonymous_callers_{std::make_shared<location::MemoryAnonymousCallers>()},
      failures_{std::make_shared<auth::FailureLimits>(0)},
      keys_{main_, passed_, started_, configuration_.initial().settings.proxy.longest_dialog},
      certificates_{main_,
                    {.open = [this] { return configuration_.open_identities(); },
                     .use =
                         [this](const auto& identities) {
                             configuration_.renew(identities, [this](const auto& renewed) { workers_->use(renewed); });
                         }}}
{
    const auto& settings = configuration_.initial().settings;
    event(Event::starting, field("version", SOTTO_VERSION), field("domains", settings.domains.size()),
          field("workers", workers_of(settings)));
    if (keys_.resumed()) event(Event::taken_up);
    const auto& initial = configuration_.initial();
    log_privacy(settings, *initial.identities, initial.outside.get());
    wire::initialise();
    erasures_ = std::make_unique<store::Erasures>(settings.state_directory, store::pair_key(settings.state_directory));
    recording_ = std::make_unique<Recording>(main_, settings, keys_, *erasures_);
    open_store();
    auditing_ = std::make_unique<Auditing>(main_, settings, *recording_);
    make_workers();
    listen();
}

App::~App()
{
    metrics_.reset();
    administration_.reset();
    workers_->stop(); // nobody asks the store, the ledger or the notifier any more
    recording_->stop();
    auditing_->stop();
    waking_->stop();
}

void App::open_store()
{
    const auto& settings = configuration_.initial().settings;
    store_ = std::make_unique<store::SqliteAccountStore>(
        settings.state_directory, ctl::account_policy(settings),
        [this](const std::shared_ptr<const AccountDirectory>& accounts) {
            event(Event::accounts_read, field("accounts", accounts_in(accounts)));
            workers_->use(accounts);
        },
        [](const std::string& sentence) { event(Event::store_failed, field("reason", Plain{sentence})); });
    log_announcers(settings, *store_->directory());
}

void App::make_workers()
{
    const auto& settings = configuration_.initial().settings;
    const auto count = workers_of(settings);
    admission_ = std::make_shared<net::Admission>(admission_of(settings, count, descriptors_));
    waking_ = std::make_unique<Waking>(settings, keys_);
    devices_ = std::make_unique<Devices>(location_, waking_->registrations(), keys_.process(), keys_.hash_ring());
    workers_ = std::make_unique<Workers>(
        count,
        Workers::Shared{.keys = keys_.process(),
                        .ring = keys_.ring(),
                        .hash_ring = keys_.hash_ring(),
                        .location = location_,
                        .dialogs = keys_.dialogs(),
                        .anonymous_callers = anonymous_callers_,
                        .pair_key = std::make_shared<const crypto::Secret>(store::pair_key(settings.state_directory)),
                        .block =
                            [this](AccountId account, KeyedHash pseudonym, auto done) {
                                store_->block(account, pseudonym, [done = std::move(done)](const auto& outcome) {
                                    done(outcome.has_value());
                                });
                            },
                        .failures = failures_,
                        .peer_calls = std::make_shared<RateLimit>(),
                        .push = waking_->registrations(),
                        .ledger = recording_->ledger(),
                        .wake = waking_->function(),
                        .admission = admission_,
                        .accounts = store_->directory(),
                        .on_accept_failure = log_accept_failure,
                        .on_no_way = log_no_way,
                        .on_report = [this](const Report& report) { auditing_->note(report); }},
        configuration_.initial());
    location_->observe(
        [this](BindingId device, const WorkerSet& workers) { workers_->binding_changed(device, workers); });
}

void App::listen()
{
    const auto& listeners = configuration_.initial().settings.listen;
    Listeners sockets{std::exchange(passed_, {})};
    const auto say = [](const std::string& address) { event(Event::listening, field("address", Plain{address})); };
    for (const auto& listener : listeners.tls)
        say(workers_->listen(config::to_string(listener.address), Transport::tls, sockets));
    for (const auto& listener : listeners.wss)
        say(workers_->listen(config::to_string(listener.address), Transport::wss, sockets));
    for (const auto& listener : listeners.peers)
        say(workers_->listen_outside(config::to_string(listener.address), sockets));
}

void App::run()
{
    ctl::remove_erased(*erasures_, *store_, auditing_->log(), spelling(), [this]() -> ctl::ErasureInLedger {
        if (!recording_->ledger()) return {};
        return {.ledger = recording_->ledger().get(), .policy = recording_->policy(), .now = recording_->now()};
    });
    start_admin();
    start_metrics();
    os::confine_calls(); // nothing is opened for listening from here on
    workers_->start();
    recording_->start(*workers_, location_, auditing_->log());
    signals_.on_signal([this](int number, uid_t from) { on_signal(number, from); });
    every(expiry_, expiry_tick, [this] {
        location_->expire(now());
        anonymous_callers_->expire(now());
        waking_->renew(now());
    });
    every(forgetting_, forgetting_tick, [this] { failures_->forget(now()); });
    say_whether_keys_are_unprotected();
    keys_.start([this] {
        workers_->refresh_keys();
        say_whether_keys_are_unprotected();
    });
    const auto& initial = configuration_.initial();
    certificates_.follow(initial.settings, initial.identities, initial.certificates);
    auditing_->start();
    if (const auto interval = os::watchdog_interval())
        every(watchdog_, std::chrono::duration_cast<milliseconds>(*interval / 3),
              [this] { workers_->check_alive([] { os::notify_alive(); }); });
    event(Event::ready, field("domains", initial.settings.domains.size()), field("workers", workers_->size()),
          field("accounts", accounts_in(store_->directory())));
    os::notify_ready();
    main_.run();
    event(Event::stopped, field("flows", admission_->connections()));
}

void App::say_whether_keys_are_unprotected()
{
    const auto keys = crypto::Secret::unprotected();
    if (keys == 0 || std::exchange(said_unprotected_, true)) return;
    event(Event::keys_unprotected, field("keys", keys));
}

void App::on_signal(int number, uid_t from)
{
    const auto* meaning = std::ranges::find(signal_meanings, number, &SignalMeaning::number);
    if (meaning->asked == Asked::reload) return reload_by_signal(from);
    note_end(draining_ ? "end" : "drain", from);
    if (draining_)
        main_.stop();
    else
        begin_drain();
}

// ---- the end

void App::begin_drain()
{
    draining_ = refuses_calls_ = true;
    os::notify_stopping();
    const auto time = configuration_.settings().drain_timeout;
    os::notify_longer(time + goodbye_time + closing_time);
    event(Event::draining, field("flows", admission_->connections()), field("seconds", time.count()));
    deadline_.expires_after(time);
    deadline_.async_wait([this](boost::system::error_code error) {
        if (!error) end_flows();
    });
    workers_->drain([this] {
        boost::asio::post(main_, [this] {
            deadline_.cancel();
            end_flows();
        });
    });
}

void App::end_flows()
{
    if (std::exchange(ending_, true)) return;
    deadline_.expires_after(goodbye_time);
    deadline_.async_wait([this](boost::system::error_code error) {
        if (!error) main_.stop();
    });
    workers_->end_calls(
        [this] { boost::asio::post(main_, [this] { workers_->close_flows([this] { main_.stop(); }); }); });
}

// ---- operators

ctl::Reply App::reload()
{
    os::notify_reloading();
    auto reply = configuration_.reload([this](const Prepared& prepared) { use(prepared); });
    os::notify_ready();
    return reply;
}

void App::reload_by_signal(uid_t from)
{
    const audit::Action action{.who = {from, "signal"}, .what = "reload", .purpose = "operate"};
    const auto entry = auditing_->log().begin(action);
    if (!entry) return Auditing::say_unwritable(entry.error());
    auditing_->log().end(*entry, ctl::result_of(reload()));
}

void App::note_end(const char* what, uid_t from)
{
    auditing_->note({.who = {from, "signal"}, .what = what, .purpose = "operate"}, "done");
}

void App::use(const Prepared& prepared)
{
    const auto& settings = prepared.settings;
    admission_->use(admission_of(settings, workers_->size(), descriptors_));
    store_->configure(ctl::account_policy(settings));
    log_announcers(settings, *store_->directory());
    recording_->use(settings);
    workers_->use(prepared);
    log::set_level(level_of(settings));
    boost::asio::post(main_, [this, settings, identities = prepared.identities, certificates = prepared.certificates] {
        certificates_.follow(settings, identities, certificates);
    });
}

ctl::Canonical App::spelling()
{
    return [this](const std::string& typed) {
        return ctl::canonical(typed, ctl::account_policy(configuration_.settings()), *store_);
    };
}

void App::start_admin()
{
    ctl::Handlers handlers = ctl::account_commands(*store_);
    handlers.merge(ctl::blocking_commands(
        *store_, [this](AccountId account) { return anonymous_callers_->last(account, now()); }));
    handlers.merge(ctl::daemon_commands(view(), *store_));
    const auto canonical = spelling();
    handlers.merge(ctl::audit_commands(auditing_->log(), canonical));
    handlers.merge(ctl::report_commands([this] { return configuration_.settings(); }, recording_->ledger().get()));
    tracing_ = std::make_unique<Tracing>(
        main_, [this](const std::shared_ptr<net::Tap>& tap) { workers_->use(tap); }, auditing_->log());
    handlers.merge(ctl::diagnosis_commands(
        {.start_trace = [this](AccountId account, const std::string& address,
                               seconds time) { return tracing_->start(account, address, time); },
         .stop_trace = [this] { return tracing_->stop(); },
         .canonical = canonical,
         .pseudonym = log::pseudonym},
        *store_));
    handlers.merge(ctl::ledger_commands({.ledger = recording_->ledger().get(),
                                         .accounts = store_.get(),
                                         .state_directory = configuration_.initial().settings.state_directory,
                                         .policy = [this] { return recording_->policy(); },
                                         .now = [this] { return recording_->now(); },
                                         .confirm_clock = [this] { recording_->confirm_clock(); },
                                         .erasures = erasures_.get(),
                                         .audit = &auditing_->log(),
                                         .canonical = canonical,
                                         .bindings = [this](AccountId account) { return devices_->of(account); },
                                         .end_trace = [this](AccountId account) { tracing_->forget(account); },
                                         .retention_was_run = [this] { recording_->retention_was_run(); },
                                         .holds_changed = [this] { recording_->holds_changed(); }}));
    handlers.merge(ctl::route_commands([this] { return configuration_.core(); }, *store_));
    administration_ = std::make_unique<Administration>(
        configuration_.initial().settings.admin, std::move(handlers), canonical,
        [this](const std::string& address) { return ctl::nearest_address(*store_, address); },
        [this](const std::string& subject, const std::string& typed) {
            // As it is written first: an account may have what is an alias's address now.
            auto meant = ctl::another_address(*store_, subject, typed);
            if (!meant.empty()) return meant;
            const auto dialled = ctl::dialled_address(*configuration_.core(), *store_, subject, typed);
            return dialled.empty() ? meant : ctl::another_address(*store_, subject, dialled);
        },
        auditing_->log());
}

void App::start_metrics()
{
    const auto& address = configuration_.initial().settings.metrics.listen;
    if (!address) return;
    const auto endpoint = net::endpoint_of(config::to_string(*address));
    net::check_unused(endpoint);
    metrics_ = std::make_unique<metrics::HttpServer>(net::listen_on(endpoint),
                                                     [this] { return metrics::exposition(measured(figures())); });
}

ctl::DaemonView App::view()
{
    return {.status = [this] { return status(figures()); },
            .bindings = [this](AccountId account) { return devices_->of(account); },
            .remove_binding = [this](AccountId account, BindingId id) { return devices_->remove(account, id); },
            .reload = [this] { return reload(); },
            .diff = [this] { return configuration_.diff(); },
            .drain =
                [this] {
                    event(Event::draining, field("flows", admission_->connections()), field("seconds", 0));
                    refuses_calls_ = true;
                    workers_->refuse_calls();
                }};
}

Figures App::figures()
{
    const auto counted = workers_->count();
    const auto dialogs = keys_.dialogs()->size();
    auto& audit = auditing_->log();
    return {.started = started_at_.time_since_epoch().count(),
            .uptime = std::chrono::duration_cast<seconds>(now() - started_),
            .draining = refuses_calls_,
            .workers = workers_->size(),
            .silent_workers = counted.silent,
            .delay = counted.delay,
            .accounts = accounts_in(store_->directory()),
            .bindings = location_->size(),
            .ended_dialogs = dialogs.ended,
            .handles = dialogs.handles,
            .unprotected_keys = crypto::Secret::unprotected(),
            .log_lines_lost = log::lines_lost(),
            .audit_entries = audit.entries(),
            .audit_broken = audit.broken(),
            .keeping = recording_->keeping(),
            .accounts_waiting = store_->waiting(),
            .ledger_waiting = recording_->ledger() ? recording_->ledger()->waiting() : 0,
            .accounts_commits = store_->commits(),
            .ledger_commits = recording_->ledger() ? recording_->ledger()->commits() : WaitTimes{},
            .pushes = waking_->counts(),
            .counters = counted.counters,
            .certificates = configuration_.identities()->terms(),
            .weakened = config::weakenings(configuration_.settings())};
}

} // namespace sotto::app
