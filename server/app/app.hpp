#pragma once
#include "app/certificate_watch.hpp"
#include "app/figures.hpp"
#include "app/handover.hpp"
#include "app/prepared.hpp"
#include "app/recording.hpp"
#include "app/tracing.hpp"
#include "app/workers.hpp"
#include "audit/file_audit_log.hpp"
#include "ctl/admin/admin_server.hpp"
#include "ctl/admin/daemon_view.hpp"
#include "ctl/admin/desk.hpp"
#include "location/anonymous_callers.hpp"
#include "location/dialog_memory.hpp"
#include "location/memory_location_service.hpp"
#include "location/push_memory.hpp"
#include "metrics/http_server.hpp"
#include "push/notifier.hpp"
#include "store/audit_head.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/state_lock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>

namespace sotto::app {

/// The daemon: makes keys, location service, store, workers and admin server, introduces them to each other, and runs
/// until a signal ends it. The main thread keeps time and signals; admin commands run on a thread of their own.
class App {
public:
    /// `admitted`: where the process may open files. Throws store::StoreError, net::ListenError, or std::runtime_error
    /// from the admin socket.
    App(Prepared prepared, os::Folders admitted);
    ~App();
    App(const App&) = delete;
    App& operator=(const App&) = delete;

    /// Serves until SIGTERM or SIGINT, then drains; a second signal ends it at once.
    void run();

private:
    void listen(const std::vector<config::TlsListener>& listeners, Transport transport, Listeners& sockets);
    void on_signal();
    /// Any thread.
    ctl::Reply reload();
    /// Any thread.
    ctl::Reply diff();
    /// Throws net::IdentityError when those toward other domains cannot be made.
    void use_identities(const CertificateWatch::Identities& identities);
    void note(const Report& report);
    void begin_drain();
    void end_flows();
    void every(boost::asio::steady_timer& timer, milliseconds span, std::function<void()> act);
    void hand_on_keys();
    void rotate_keys();
    void open_audit_log();
    /// A database that was restored from a backup does not bring an erased person back.
    void remove_erased();
    void start_admin();
    std::unique_ptr<push::Notifier> make_notifier() const;
    void wake(Wake phone, std::function<void()> failed);
    void renew_sleepers();
    void start_metrics();
    ctl::DaemonView view();
    /// Any thread but a worker's.
    Figures figures();
    std::vector<ctl::BindingView> bindings(AccountId account);
    bool remove_binding(AccountId account, BindingId id);
    AorKey key_of(AccountId account);

    std::uint64_t descriptors_;
    boost::asio::io_context main_{1};
    boost::asio::signal_set signals_{main_};
    boost::asio::steady_timer expiry_{main_}, forgetting_{main_}, midnight_{main_}, rotation_{main_}, watchdog_{main_},
        checkpoints_{main_}, deadline_{main_};
    TimePoint started_;
    std::chrono::sys_seconds started_at_; ///< the same by the clock on the wall
    store::StateLock lock_;
    std::vector<os::PassedDescriptor> passed_; ///< by the process before; empty once they are taken up
    Handover handover_;
    std::shared_ptr<const crypto::ProcessKeys> keys_;
    std::shared_ptr<crypto::KeyRing> ring_;
    std::shared_ptr<location::MemoryLocationService> location_;
    std::shared_ptr<location::SharedDialogMemory> dialogs_;
    std::shared_ptr<location::MemoryAnonymousCallers> anonymous_callers_;
    std::shared_ptr<auth::FailureLimits> failures_;
    std::shared_ptr<location::PushMemory> push_;
    std::shared_ptr<net::Admission> admission_;
    std::mutex reloading_; ///< guards `prepared_`
    Prepared prepared_;
    std::unique_ptr<push::Notifier> notifier_; ///< null: no gateway; outlives the workers, which ask it
    os::Folders admitted_;
    Recording recording_;
    // Ended in this order: metrics, admin, ledger, store, workers.
    std::unique_ptr<Workers> workers_;
    std::unique_ptr<store::SqliteAccountStore> store_;
    std::unique_ptr<store::AuditHead> audit_head_; ///< written under the audit log's lock
    std::unique_ptr<audit::FileAuditLog> audit_;
    std::unique_ptr<Tracing> tracing_;
    std::unique_ptr<ctl::Desk> desk_; ///< used on the admin thread only
    boost::asio::io_context admin_context_{1};
    std::unique_ptr<ctl::AdminServer> admin_;
    std::thread admin_thread_;
    CertificateWatch certificates_;
    std::unique_ptr<metrics::HttpServer> metrics_;
    bool draining_{false};
    bool ending_{false};
};

} // namespace sotto::app
