#pragma once
#include "audit/file_audit_log.hpp"
#include "ctl/admin/account_commands.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/admin_server.hpp"
#include "ctl/admin/audit_commands.hpp"
#include "ctl/admin/daemon_view.hpp"
#include "ctl/admin/desk.hpp"
#include "store/sqlite_account_store.hpp"
#include "store/state_lock.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <thread>

namespace sotto::test {

/// A folder with a configuration, state and socket; gone with the object.
class Installation {
public:
    Installation()
    {
        std::string name = (std::filesystem::temp_directory_path() / "sotto-ctl-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        configure("");
        settings.domains = {{"example.org", {"sip.example.org"}, {}, {}}, {"second.example", {}, {}, {}}};
        settings.state_directory = folder / "state";
        settings.admin.socket = folder / "run" / "admin.sock";
    }
    Installation(const Installation&) = delete;
    Installation& operator=(const Installation&) = delete;
    ~Installation() { std::filesystem::remove_all(folder); }

    void configure(const std::string& weaken) const
    {
        std::ofstream{folder / "sotto.yaml"} << "domains:\n"
                                                "  - name: example.org\n"
                                                "    aliases: [sip.example.org]\n"
                                                "    certificate: cert.pem\n"
                                                "    private_key: key.pem\n"
                                                "  - name: second.example\n"
                                                "    certificate: second.pem\n"
                                                "    private_key: second.key\n"
                                                "listen: { tls: [\"127.0.0.1:5061\"] }\n"
                                                "state_directory: state\n"
                                                "admin: { socket: run/admin.sock }\n"
                                                "weaken: { audit_key_file: audit.key"
                                             << (weaken.empty() ? "" : ", ") << weaken << " }\n";
    }

    std::filesystem::path folder;
    config::Settings settings;
};

/// What a daemon does for the admin socket, without the rest of it.
class RunningAdmin {
public:
    explicit RunningAdmin(const Installation& installation)
        : spelling_{[this, policy = ctl::account_policy(installation.settings)](const std::string& typed) {
              return ctl::canonical(typed, policy, accounts);
          }},
          lock_{store::StateLock::take(installation.settings.state_directory)},
          accounts{installation.settings.state_directory, ctl::account_policy(installation.settings)},
          audit_{{.folder = installation.settings.state_directory / "audit"}, crypto::Secret{32}, {}},
          desk_{handlers(), [](const ctl::PeerCredentials&) { return ctl::Role::everybody; }, spelling_, audit_},
          server_{std::make_unique<ctl::AdminServer>(
              io_, installation.settings.admin.socket,
              [this](std::string_view command, const ctl::json::object& arguments, const ctl::PeerCredentials& peer) {
                  return desk_.perform(command, arguments, peer);
              })},
          thread_{[this] { io_.run(); }}
    {
    }
    RunningAdmin(const RunningAdmin&) = delete;
    RunningAdmin& operator=(const RunningAdmin&) = delete;
    ~RunningAdmin()
    {
        io_.stop();
        thread_.join();
        server_.reset();
    }

private:
    ctl::Handlers handlers()
    {
        auto all = ctl::account_commands(accounts);
        all.merge(ctl::blocking_commands(accounts, [this](AccountId) { return last_anonymous_caller; }));
        all.merge(ctl::daemon_commands({.status =
                                            [] {
                                                return ctl::json::object{{"flows", 3}, {"bindings", {{"live", 2}}}};
                                            },
                                        .bindings =
                                            [](AccountId) {
                                                return std::vector<ctl::BindingView>{
                                                    {{0xABC}, seconds{300}, Transport::tls, 500},
                                                    {{0xDEF}, seconds{200}}};
                                            },
                                        .remove_binding = [](AccountId, BindingId id) { return id.value == 0xABC; },
                                        .reload = []() -> ctl::Reply {
                                            return ctl::json::object{{"needs_restart", ctl::json::array{"threads"}}};
                                        },
                                        .diff = []() -> ctl::Reply {
                                            return ctl::json::object{{"differences", ctl::json::array{}}};
                                        },
                                        .drain = [] {}},
                                       accounts));
        all.merge(ctl::audit_commands(audit_, spelling_));
        return all;
    }

    ctl::Canonical spelling_;
    std::optional<store::StateLock> lock_;

public:
    store::SqliteAccountStore accounts;
    std::optional<KeyedHash> last_anonymous_caller{}; ///< of every account; set before the first command

private:
    boost::asio::io_context io_;
    audit::FileAuditLog audit_;
    ctl::Desk desk_;
    std::unique_ptr<ctl::AdminServer> server_;
    std::thread thread_;
};

} // namespace sotto::test
