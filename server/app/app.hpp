#pragma once
#include "app/administration.hpp"
#include "app/auditing.hpp"
#include "app/certificate_watch.hpp"
#include "app/configuration.hpp"
#include "app/devices.hpp"
#include "app/figures.hpp"
#include "app/keys.hpp"
#include "app/recording.hpp"
#include "app/tracing.hpp"
#include "app/waking.hpp"
#include "app/workers.hpp"
#include "ctl/admin/daemon_view.hpp"
#include "location/anonymous_callers.hpp"
#include "location/memory_location_service.hpp"
#include "metrics/http_server.hpp"
#include "os/signals.hpp"
#include "store/erasures.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/state_lock.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <memory>
#include <sys/types.h>

namespace sotto::app {

/// The daemon: makes keys, location service, store, workers and admin server, introduces them to each other, and runs
/// until a signal ends it. All signals that mean something to it must be held (os::hold_signals). The main thread keeps
/// time and signals; admin commands run on a thread of their own.
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
    void open_store();
    void make_workers();
    void listen();
    /// Once.
    void say_whether_keys_are_unprotected();
    /// `from`: the user that sent it.
    void on_signal(int number, uid_t from);
    /// Any thread.
    ctl::Reply reload();
    /// What `sotto reload` does, with an entry of its own in the audit log.
    void reload_by_signal(uid_t from);
    /// The entry of an end that a signal asks for; a disk that is full or hangs does not hold it up.
    void note_end(const char* what, uid_t from);
    void use(const Prepared& prepared);
    void begin_drain();
    void end_flows();
    /// How the audit log spells an address.
    ctl::Canonical spelling();
    void start_admin();
    void start_metrics();
    ctl::DaemonView view();
    /// Any thread but a worker's.
    Figures figures();

    std::uint64_t descriptors_;
    boost::asio::io_context main_{1};
    os::Signals signals_;
    boost::asio::steady_timer expiry_{main_}, forgetting_{main_}, watchdog_{main_}, deadline_{main_};
    TimePoint started_;
    std::chrono::sys_seconds started_at_; ///< the same by the clock on the wall
    Configuration configuration_;
    store::StateLock lock_;
    std::vector<os::PassedDescriptor> passed_; ///< by the process before; empty once they are taken up
    std::shared_ptr<location::MemoryLocationService> location_;
    std::shared_ptr<location::MemoryAnonymousCallers> anonymous_callers_;
    std::shared_ptr<auth::FailureLimits> failures_;
    std::shared_ptr<net::Admission> admission_;
    // Ended from the last to the first: who is called back outlives who calls.
    Keys keys_;
    std::unique_ptr<Workers> workers_;
    std::unique_ptr<Waking> waking_;
    std::unique_ptr<Devices> devices_;
    std::unique_ptr<store::SqliteAccountStore> store_;
    std::unique_ptr<store::Erasures> erasures_;
    std::unique_ptr<Auditing> auditing_;
    std::unique_ptr<Recording> recording_;
    std::unique_ptr<Tracing> tracing_;
    std::unique_ptr<Administration> administration_;
    CertificateWatch certificates_;
    std::unique_ptr<metrics::HttpServer> metrics_;
    bool draining_{false};
    std::atomic<bool> refuses_calls_{false};
    bool ending_{false};
    bool said_unprotected_{false};
};

} // namespace sotto::app
