#include "app/app.hpp"

#include "audit/audit_key.hpp"
#include "audit/retention.hpp"
#include "config/check.hpp"
#include "config/difference.hpp"
#include "core/registrar/device.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/diagnosis_commands.hpp"
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
#include "store/store_error.hpp"
#include "wire/parse.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <future>
#include <unistd.h>

namespace sotto::app {

namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr milliseconds expiry_tick{500};
constexpr milliseconds minute{60'000};
constexpr milliseconds forgetting_tick{10'000};
constexpr seconds goodbye_time{3};
constexpr seconds sealing_period{3600};
constexpr milliseconds checkpoint_period{3600 * 1000};

TimePoint now() { return std::chrono::time_point_cast<milliseconds>(Clock::now()); }

store::StateLock take_lock(const std::filesystem::path& directory)
{
    auto lock = store::StateLock::take(directory);
    if (!lock)
        throw store::StoreError{store::StoreError::Kind::unavailable,
                                directory.string() + "/lock: held by another sottod, or by a sotto command"};
    return std::move(*lock);
}

/// Those of the process before, if there was one that left them.
std::shared_ptr<const crypto::ProcessKeys> process_keys(const Handover& handover)
{
    if (const auto before = handover.read(Handover::Item::process_keys))
        if (auto keys = crypto::ProcessKeys::restore(before->bytes())) return keys;
    return crypto::ProcessKeys::create();
}

std::shared_ptr<crypto::KeyRing> epoch_keys(const Handover& handover, TimePoint now, seconds longest_dialog)
{
    auto ring = std::make_shared<crypto::KeyRing>(
        now, crypto::KeyRing::Times{.period = sealing_period, .longest_dialog = longest_dialog});
    if (const auto before = handover.read(Handover::Item::epoch_keys)) ring->restore(before->bytes(), now);
    return ring;
}

bool holds(const crypto::EpochKeys& keys, Epoch epoch)
{
    return std::ranges::any_of(keys, [&](const auto& key) { return key.epoch == epoch; });
}

std::shared_ptr<const crypto::Secret> pair_key_in(const std::filesystem::path& directory)
{
    auto raw = store::pair_key(directory);
    auto key = std::make_shared<const crypto::Secret>(std::span<const std::uint8_t>{raw});
    ::explicit_bzero(raw.data(), raw.size());
    return key;
}

std::uint16_t workers_of(const config::Settings& settings)
{
    const auto count = settings.threads != 0 ? settings.threads : std::max(1U, std::thread::hardware_concurrency());
    return static_cast<std::uint16_t>(std::min<std::uint32_t>(count, 256));
}

std::size_t accounts_in(const std::shared_ptr<const AccountDirectory>& directory)
{
    const auto* snapshot = dynamic_cast<const store::AccountSnapshot*>(directory.get());
    return snapshot == nullptr ? 0 : snapshot->size();
}

void log_privacy(const config::Settings& settings, const net::Identities& identities)
{
    for (const auto& sentence : config::weakenings(settings)) event(Event::weakened, field("text", Plain{sentence}));
    for (const auto& sentence : config::notices(settings)) event(Event::notice, field("text", Plain{sentence}));
    for (const auto& sentence : identities.warnings()) event(Event::notice, field("text", Plain{sentence}));
}

void log_accept_failure(const net::Endpoint& at, const boost::system::error_code& reason)
{
    const auto address = net::text_of(at);
    const auto text = reason.message();
    event(Event::listener_failed, field("address", Plain{address}), field("reason", Plain{text}));
}

void log_unwritable(const std::error_code& why)
{
    const auto reason = why.message();
    event(Event::audit_unwritable, field("reason", Plain{reason}));
}

void log_no_way(std::string_view route, net::WayFailure reason)
{
    event(Event::route_unreachable, field("route", Plain{route}), field("reason", Plain{net::text_of(reason)}));
}

/// What stays as it is until a restart.
void keep_what_needs_restart(config::Settings& next, const config::Settings& running)
{
    next.listen = running.listen;
    next.threads = running.threads;
    next.state_directory = running.state_directory;
    next.admin = running.admin;
    next.metrics = running.metrics;
    next.proxy.longest_dialog = running.proxy.longest_dialog;
    next.log.target = running.log.target;
    next.push.gateway = running.push.gateway;
    next.push.authorities = running.push.authorities;
    next.billing = running.billing;
    next.weaken.master_key_file = running.weaken.master_key_file;
}

log::Level level_of(const config::Settings& settings) { return static_cast<log::Level>(settings.log.level); }
static_assert(static_cast<int>(config::LogLevel::error) == static_cast<int>(log::Level::error));

} // namespace

App::App(Prepared prepared, os::Folders admitted)
    : descriptors_{os::raise_descriptor_limit()}, started_{now()}, started_at_{std::chrono::floor<seconds>(
                                                                       std::chrono::system_clock::now())},
      lock_{take_lock(prepared.settings.state_directory)}, passed_{os::passed_descriptors()}, handover_{passed_},
      keys_{process_keys(handover_)}, ring_{epoch_keys(handover_, started_, prepared.settings.proxy.longest_dialog)},
      location_{std::make_shared<location::MemoryLocationService>()},
      dialogs_{std::make_shared<location::SharedDialogMemory>(
          handover_.dialogs(), [keys = ring_->snapshot()](Epoch epoch) { return holds(*keys, epoch); })},
      anonymous_callers_{std::make_shared<location::MemoryAnonymousCallers>()},
      failures_{std::make_shared<auth::FailureLimits>(0)}, push_{std::make_shared<location::PushMemory>()},
      prepared_{std::move(prepared)}, admitted_{std::move(admitted)},
      recording_{main_, prepared_.settings, handover_.read(Handover::Item::epoch_keys).has_value()},
      certificates_{main_,
                    {.open =
                         [this] {
                             const std::lock_guard lock{reloading_};
                             return open_identities(prepared_.settings);
                         },
                     .use = [this](const auto& identities) { use_identities(identities); }}}
{
    for (const int number : {SIGTERM, SIGINT, SIGHUP}) signals_.add(number); // they wait until `run`
    const bool resumed = handover_.read(Handover::Item::epoch_keys).has_value();
    hand_on_keys();
    const auto& settings = prepared_.settings;
    const auto count = workers_of(settings);
    event(Event::starting, field("version", SOTTO_VERSION), field("domains", settings.domains.size()),
          field("workers", count));
    if (resumed) event(Event::taken_up);
    log_privacy(settings, *prepared_.identities);
    wire::initialise();

    store_ = std::make_unique<store::SqliteAccountStore>(
        settings.state_directory, ctl::account_policy(settings),
        [this](const std::shared_ptr<const AccountDirectory>& accounts) {
            event(Event::accounts_read, field("accounts", accounts_in(accounts)));
            workers_->use(accounts);
        },
        [](const std::string& sentence) { event(Event::store_failed, field("reason", Plain{sentence})); });
    open_audit_log();
    admission_ = std::make_shared<net::Admission>(admission_of(settings, count, descriptors_));
    notifier_ = make_notifier();
    std::function<void(Wake, std::function<void()>)> wake;
    if (notifier_)
        wake = [this](Wake phone, std::function<void()> failed) { this->wake(std::move(phone), std::move(failed)); };
    workers_ = std::make_unique<Workers>(
        count,
        Workers::Shared{.keys = keys_,
                        .ring = ring_,
                        .location = location_,
                        .dialogs = dialogs_,
                        .anonymous_callers = anonymous_callers_,
                        .pair_key = pair_key_in(settings.state_directory),
                        .block =
                            [this](AccountId account, KeyedHash pseudonym, auto done) {
                                store_->block(account, pseudonym, [done = std::move(done)](const auto& outcome) {
                                    done(outcome.has_value());
                                });
                            },
                        .failures = failures_,
                        .push = push_,
                        .ledger = recording_.ledger(),
                        .wake = wake,
                        .admission = admission_,
                        .accounts = store_->directory(),
                        .on_accept_failure = log_accept_failure,
                        .on_no_way = log_no_way,
                        .on_report =
                            [this](const Report& report) {
                                // The audit log waits for the disk: not on a worker's thread.
                                boost::asio::post(main_, [this, report] { note(report); });
                            }},
        prepared_);
    location_->observe([this](BindingId device, std::uint64_t workers) { workers_->binding_changed(device, workers); });
    Listeners sockets{std::exchange(passed_, {})};
    listen(settings.listen.tls, Transport::tls, sockets);
    listen(settings.listen.wss, Transport::wss, sockets);
    for (const auto& listener : settings.listen.peers) {
        const auto address = workers_->listen_outside(config::to_string(listener.address), sockets);
        event(Event::listening, field("address", Plain{address}));
    }
}

void App::listen(const std::vector<config::TlsListener>& listeners, Transport transport, Listeners& sockets)
{
    for (const auto& listener : listeners) {
        const auto address = workers_->listen(config::to_string(listener.address), transport, sockets);
        event(Event::listening, field("address", Plain{address}));
    }
}

App::~App()
{
    log::hand_on_day_key({}, {}); // what is logged from now on is for nobody
    metrics_.reset();
    admin_context_.stop();
    if (admin_thread_.joinable()) admin_thread_.join();
    admin_.reset();
    recording_.stop();
    audit_->checkpoint();
    store_.reset();
    if (notifier_) notifier_->stop(); // it calls the workers back
    workers_.reset();
}

void App::run()
{
    start_admin();
    start_metrics();
    os::confine_calls(); // nothing is opened for listening from here on
    remove_erased();
    workers_->start();
    recording_.start(*workers_, location_, *audit_);
    on_signal();
    every(expiry_, expiry_tick, [this] {
        location_->expire(now());
        anonymous_callers_->expire(now());
        renew_sleepers();
    });
    every(midnight_, minute, [] { log::end_day(); });
    every(forgetting_, forgetting_tick, [this] { failures_->forget(now()); });
    rotate_keys();
    certificates_.follow(prepared_.settings, prepared_.identities);
    every(checkpoints_, checkpoint_period, [this] {
        audit_->checkpoint();
        if (const auto expired = audit_->expire(audit::keep_times()); !expired) log_unwritable(expired.error());
    });
    if (const auto interval = os::watchdog_interval())
        every(watchdog_, std::chrono::duration_cast<milliseconds>(*interval / 3),
              [this] { workers_->check_alive([] { os::notify_alive(); }); });
    event(Event::ready, field("domains", prepared_.settings.domains.size()), field("workers", workers_->size()),
          field("accounts", accounts_in(store_->directory())));
    os::notify_ready();
    main_.run();
    event(Event::stopped, field("flows", admission_->connections()));
}

// ---- time and signals

void App::every(boost::asio::steady_timer& timer, milliseconds span, std::function<void()> act)
{
    timer.expires_after(span);
    timer.async_wait([this, &timer, span, act = std::move(act)](boost::system::error_code error) mutable {
        if (error) return;
        act();
        every(timer, span, std::move(act));
    });
}

void App::hand_on_keys()
{
    handover_.write(Handover::Item::process_keys, keys_->serialise().bytes());
    handover_.write(Handover::Item::epoch_keys, ring_->serialise().bytes());
    log::hand_on_day_key(day_key(handover_.read(Handover::Item::day_key)), [this](const auto& key) {
        if (key)
            handover_.write(Handover::Item::day_key, serialise(*key).bytes());
        else
            handover_.destroy(Handover::Item::day_key);
    });
}

std::unique_ptr<push::Notifier> App::make_notifier() const
{
    const auto& settings = prepared_.settings.push;
    if (!settings.gateway) return nullptr;
    return std::make_unique<push::Notifier>(
        push::Gateway{
            .host = settings.gateway->host, .port = settings.gateway->port, .authorities = settings.authorities},
        [](const std::string& reason) { event(Event::push_failed, field("reason", Plain{reason})); });
}

void App::wake(Wake phone, std::function<void()> failed)
{
    notifier_->wake({.provider = std::move(phone.provider),
                     .parameter = std::move(phone.parameter),
                     .token = std::move(phone.token),
                     .failed = std::move(failed)});
}

/// RFC 8599 5.5: who sleeps does not know that its registration ends.
void App::renew_sleepers()
{
    push_->pass(now(), [this](const PushRegistrations::Sleeper& sleeper) {
        if (!notifier_) return;
        crypto::OpenSslCryptography cryptography{keys_};
        auto parameters = unpacked(cryptography.open_in_memory(sleeper.parameters.bytes));
        wake({.ticket = {},
              .provider = std::move(parameters.provider),
              .parameter = std::move(parameters.parameter),
              .token = std::move(parameters.token)},
             {});
    });
}

void App::rotate_keys()
{
    const auto before = ring_->snapshot();
    if (ring_->rotate(now())) {
        const auto after = ring_->snapshot();
        handover_.write(Handover::Item::epoch_keys, ring_->serialise().bytes());
        for (const auto& key : *before)
            if (!holds(*after, key.epoch)) dialogs_->forget(key.epoch);
        workers_->refresh_keys();
        event(Event::keys_rotated);
    }
    rotation_.expires_at(ring_->next_rotation());
    rotation_.async_wait([this](boost::system::error_code error) {
        if (!error) rotate_keys();
    });
}

void App::use_identities(const CertificateWatch::Identities& identities)
{
    const std::lock_guard lock{reloading_};
    prepared_.outside = open_outside(prepared_.settings);
    prepared_.identities = identities;
    workers_->use(prepared_);
}

/// That there was an emergency call, and over which route: nothing else.
void App::note(const Report& report)
{
    if (report.what != Occurrence::emergency_call) return;
    event(Event::emergency_call, field("route", Plain{report.route}));
    const audit::Action call{.who = {::geteuid(), "sottod"},
                             .what = "emergency call",
                             .purpose = "operate",
                             .scope = "route=" + report.route};
    if (const auto written = audit_->record(call, "carried"); !written) log_unwritable(written.error());
}

void App::on_signal()
{
    signals_.async_wait([this](boost::system::error_code error, int number) {
        if (error) return;
        if (number == SIGHUP)
            reload();
        else if (draining_)
            main_.stop();
        else
            begin_drain();
        on_signal();
    });
}

// ---- the end

void App::begin_drain()
{
    draining_ = true;
    os::notify_stopping();
    const auto time = [this] {
        const std::lock_guard lock{reloading_};
        return prepared_.settings.drain_timeout;
    }();
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
    workers_->close_flows([this] { main_.stop(); });
}

// ---- operators

ctl::Reply App::reload()
{
    const std::lock_guard lock{reloading_};
    os::notify_reloading();
    auto next = prepare(prepared_.settings.file, &admitted_);
    if (!next.problems.empty()) {
        std::string sentences;
        for (const auto& problem : next.problems) {
            const auto sentence = config::to_string(problem);
            event(Event::configuration_problem, field("text", Plain{sentence}));
            sentences += (sentences.empty() ? "" : "\n") + sentence;
        }
        event(Event::reload_refused);
        os::notify_ready();
        return ctl::CommandError{"configuration", sentences};
    }
    boost::json::array waiting, changed;
    for (const auto& difference : config::differences(prepared_.settings, next.settings)) {
        if (difference.effect == config::Effect::restart)
            event(Event::restart_needed, field("key", Plain{difference.key}));
        (difference.effect == config::Effect::restart ? waiting : changed).emplace_back(difference.key);
    }
    keep_what_needs_restart(next.settings, prepared_.settings);
    next.core = core_of(next);
    prepared_ = std::move(next);
    const auto& settings = prepared_.settings;
    admission_->use(admission_of(settings, workers_->size(), descriptors_));
    store_->configure(ctl::account_policy(settings));
    recording_.use(settings);
    workers_->use(prepared_);
    log::set_level(level_of(settings));
    log_privacy(settings, *prepared_.identities);
    event(Event::reloaded, field("domains", settings.domains.size()));
    boost::asio::post(
        main_, [this, settings, identities = prepared_.identities] { certificates_.follow(settings, identities); });
    os::notify_ready();
    return boost::json::object{
        {"domains", settings.domains.size()}, {"changed", std::move(changed)}, {"needs_restart", std::move(waiting)}};
}

ctl::Reply App::diff()
{
    const std::lock_guard lock{reloading_};
    const auto next = prepare(prepared_.settings.file, &admitted_);
    if (!next.problems.empty()) {
        std::string sentences;
        for (const auto& problem : next.problems) sentences += (sentences.empty() ? "" : "\n") + to_string(problem);
        return ctl::CommandError{"configuration", sentences};
    }
    boost::json::array rows;
    for (const auto& difference : config::differences(prepared_.settings, next.settings))
        rows.push_back(
            boost::json::object{{"key", difference.key},
                                {"now", difference.now},
                                {"next", difference.next},
                                {"effect", difference.effect == config::Effect::restart ? "restart" : "reload"}});
    return boost::json::object{{"differences", std::move(rows)}};
}

void App::open_audit_log()
{
    const auto& settings = prepared_.settings;
    audit_head_ = std::make_unique<store::AuditHead>(settings.state_directory);
    const auto noted = audit_head_->read();
    std::vector<audit::Head> heads;
    if (noted.sequence > 0) heads.push_back({noted.sequence, noted.hash});
    const auto note = [this](const audit::Head& head) {
        try {
            audit_head_->write({head.sequence, head.hash});
        } catch (const store::StoreError& error) {
            event(Event::store_failed, field("reason", Plain{error.what()}));
        }
        const auto hash = audit::hex(head.hash);
        event(Event::audit_head, field("sequence", head.sequence), field("hash", Plain{hash}));
    };
    const auto note_checkpoint = [](const audit::Head& head, const audit::Signature& bytes) {
        const auto hash = audit::hex(head.hash);
        const auto signature = audit::hex(bytes);
        event(Event::audit_checkpoint, field("sequence", head.sequence), field("hash", Plain{hash}),
              field("signature", Plain{signature}));
    };
    const auto key = audit::audit_key(settings.weaken.audit_key_file);
    audit_ = std::make_unique<audit::FileAuditLog>(
        audit::FileAuditLog::Options{
            .folder = settings.state_directory / "audit", .on_head = note, .on_checkpoint = note_checkpoint},
        key, heads);
    if (const auto& bad = audit_->found().bad)
        event(Event::audit_broken, field("sequence", bad->sequence), field("reason", Plain{bad->why}));
    const audit::Action start{.who = {::geteuid(), "sottod"}, .what = "start", .purpose = "operate"};
    if (const auto written = audit_->record(start, "done"); !written) log_unwritable(written.error());
}

void App::remove_erased()
{
    const auto& ledger = recording_.ledger();
    if (!ledger || !ledger->any_erased()) return;
    std::string from;
    do {
        std::promise<store::AccountPage> page;
        store_->list(from, 1000, [&](store::Outcome<store::AccountPage> listed) {
            page.set_value(listed ? *listed : store::AccountPage{});
        });
        const auto listed = page.get_future().get();
        for (const auto& account : listed.accounts)
            if (ledger->erased(account.id)) {
                std::promise<void> removed;
                store_->remove(account.addresses.front().text(), [&](const auto&) { removed.set_value(); });
                removed.get_future().wait();
            }
        from = listed.next;
    } while (!from.empty());
}

void App::start_admin()
{
    const auto& admin = prepared_.settings.admin;
    ctl::Handlers handlers = ctl::account_commands(*store_);
    handlers.merge(ctl::blocking_commands(
        *store_, [this](AccountId account) { return anonymous_callers_->last(account, now()); }));
    handlers.merge(ctl::daemon_commands(view(), *store_));
    handlers.merge(ctl::audit_commands(*audit_));
    handlers.merge(ctl::report_commands([this] {
        const std::lock_guard lock{reloading_};
        return prepared_.settings;
    }));
    tracing_ = std::make_unique<Tracing>(
        main_, [this](const std::shared_ptr<net::Tap>& tap) { workers_->use(tap); }, *audit_);
    handlers.merge(ctl::diagnosis_commands(
        {.start_trace = [this](AccountId account, seconds time) { return tracing_->start(account, time); },
         .stop_trace = [this] { return tracing_->stop(); },
         .pseudonym = log::pseudonym},
        *store_));
    handlers.merge(ctl::ledger_commands({.ledger = recording_.ledger().get(),
                                         .accounts = store_.get(),
                                         .policy = [this] { return recording_.policy(); },
                                         .now = [this] { return recording_.now(); },
                                         .confirm_clock = [this] { recording_.confirm_clock(); }}));
    handlers.merge(ctl::route_commands(
        [this] {
            const std::lock_guard lock{reloading_};
            return prepared_.core;
        },
        *store_));
    const ctl::RoleGroups groups{admin.operators, admin.billing, admin.privacy_officers};
    desk_ = std::make_unique<ctl::Desk>(
        std::move(handlers), [groups](const ctl::PeerCredentials& peer) { return roles_by_group(groups, peer); },
        *audit_, [](const std::error_code& why) { log_unwritable(why); });
    const auto perform = [this](std::string_view command, const boost::json::object& arguments,
                                const ctl::PeerCredentials& peer) { return desk_->perform(command, arguments, peer); };
    admin_ = std::make_unique<ctl::AdminServer>(admin_context_, admin.socket, perform, gids_of(groups));
    if (!admin_->groups_admitted())
        event(Event::notice, field("text", "admin.socket: its file system knows no access lists: the groups of admin: "
                                           "cannot use sotto, only root and the service's user can"));
    admin_thread_ = std::thread{[this] {
        sigset_t all;
        sigfillset(&all); // signals are the main thread's business
        pthread_sigmask(SIG_BLOCK, &all, nullptr);
        pthread_setname_np(pthread_self(), "admin");
        const auto work = boost::asio::make_work_guard(admin_context_);
        admin_context_.run();
    }};
}

void App::start_metrics()
{
    const auto& address = prepared_.settings.metrics.listen;
    if (!address) return;
    const auto endpoint = net::endpoint_of(config::to_string(*address));
    net::check_unused(endpoint);
    metrics_ = std::make_unique<metrics::HttpServer>(net::listen_on(endpoint),
                                                     [this] { return metrics::exposition(measured(figures())); });
}

ctl::DaemonView App::view()
{
    return {.status = [this] { return status(figures()); },
            .bindings = [this](AccountId account) { return bindings(account); },
            .remove_binding = [this](AccountId account, BindingId id) { return remove_binding(account, id); },
            .reload = [this] { return reload(); },
            .diff = [this] { return diff(); },
            .drain =
                [this] {
                    event(Event::draining, field("flows", admission_->connections()), field("seconds", 0));
                    workers_->refuse_calls();
                }};
}

Figures App::figures()
{
    const auto counted = workers_->count();
    const auto dialogs = dialogs_->size();
    Figures figures{.started = started_at_.time_since_epoch().count(),
                    .uptime = std::chrono::duration_cast<seconds>(now() - started_),
                    .workers = workers_->size(),
                    .silent_workers = counted.silent,
                    .delay = counted.delay,
                    .accounts = accounts_in(store_->directory()),
                    .bindings = location_->size(),
                    .ended_dialogs = dialogs.ended,
                    .handles = dialogs.handles,
                    .log_lines_lost = log::lines_lost(),
                    .audit_entries = audit_->head().sequence,
                    .audit_broken = audit_->found().bad.has_value(),
                    .pushes = notifier_ ? notifier_->counts() : push::Notifier::Counts{},
                    .counters = counted.counters};
    const std::lock_guard lock{reloading_};
    figures.certificates = prepared_.identities->terms();
    figures.weakened = config::weakenings(prepared_.settings);
    return figures;
}

AorKey App::key_of(AccountId account)
{
    crypto::OpenSslCryptography cryptography{keys_};
    return aor_key(account, cryptography);
}

std::vector<ctl::BindingView> App::bindings(AccountId account)
{
    const auto time = now();
    std::vector<ctl::BindingView> views;
    for (const auto& binding : location_->snapshot_of(key_of(account), time).bindings)
        views.push_back({.id = binding.id,
                         .expires_in = std::chrono::duration_cast<seconds>(binding.expires - time),
                         .transport = binding.transport,
                         .q = binding.q});
    return views;
}

bool App::remove_binding(AccountId account, BindingId id)
{
    const auto key = key_of(account);
    for (;;) { // until nobody has changed the bindings in between
        auto located = location_->snapshot_of(key, now());
        if (std::erase_if(located.bindings, [&](const Binding& binding) { return binding.id == id; }) == 0)
            return false;
        bool done = false;
        location_->commit(key, std::move(located), now(), [&](bool accepted) { done = accepted; });
        if (!done) continue;
        push_->remove(id);
        return true;
    }
}

} // namespace sotto::app
