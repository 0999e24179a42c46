#include "app/prepared.hpp"

#include "app/certificate_watch.hpp"
#include "audit/audit_key.hpp"
#include "config/check.hpp"
#include "crypto/primitives.hpp"
#include "ctl/admin/desk.hpp"
#include "store/known_address.hpp"
#include "store/ledger/master_key.hpp"
#include "store/store_error.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <utility>

namespace sotto::app {

namespace {

/// Descriptors that are no connections: databases, the admin socket and its clients, listeners, the workers' own.
constexpr std::uint64_t reserved_descriptors = 128;
constexpr std::uint64_t descriptors_of_worker = 16;
/// A connection on which nobody has proved a password may be silent for that long only.
constexpr seconds stranger_timeout{120};

net::IdentityFiles identity_of(const config::Domain& domain)
{
    std::vector<std::string> names{domain.name};
    names.insert(names.end(), domain.aliases.begin(), domain.aliases.end());
    return {.names = std::move(names), .certificate = domain.certificate, .private_key = domain.private_key};
}

std::vector<net::IdentityFiles> identities_of(const config::Settings& settings)
{
    std::vector<net::IdentityFiles> all;
    for (const auto& domain : settings.domains) all.push_back(identity_of(domain));
    return all;
}

net::TlsOptions tls_options(const config::Settings& settings)
{
    return {.tls12 = settings.weaken.tls12, .padding = settings.cell_bytes()};
}

/// Each one by itself, so that each wrong file is reported at its own place. What has a problem already has only one.
void try_identities(const config::Loaded& loaded, std::vector<config::Problem>& problems)
{
    const auto& settings = loaded.settings;
    for (std::size_t i = 0; i < settings.domains.size(); ++i) {
        const auto item = "domains[" + std::to_string(i) + "].";
        if (std::ranges::any_of(problems, [&](const auto& problem) { return problem.key.starts_with(item); })) continue;
        const auto files = identity_of(settings.domains[i]);
        try {
            const net::Identities one{std::span{&files, 1}, tls_options(settings)};
        } catch (const net::IdentityError& error) {
            problems.push_back(loaded.problem(item + "certificate", error.what(),
                                              "a PEM file with the chain, leaf first, and the PEM file of its key"));
        }
    }
}

bool said_already(const Prepared& prepared, const std::string& key)
{
    return std::ranges::find(prepared.problems, key, &config::Problem::key) != prepared.problems.end();
}

/// What a file holds that a person writes a secret into: its first line, however the editor ends lines. Empty: nothing.
std::string secret_in(const std::filesystem::path& file)
{
    std::ifstream stream{file};
    std::string line;
    std::getline(stream, line);
    if (line.ends_with('\r')) line.pop_back();
    return line;
}

/// Where something is wrong with the file it is not opened: what is no file could keep us for ever.
void read_passwords(const config::Loaded& loaded, Prepared& prepared)
{
    const auto& routes = loaded.settings.routes;
    for (std::size_t i = 0; i < routes.size(); ++i) {
        auto& password = prepared.route_passwords.emplace_back();
        const auto& file = routes[i].password_file;
        const auto key = "routes[" + std::to_string(i) + "].password_file";
        if (file.empty() || said_already(prepared, key)) continue;
        password = secret_in(file);
        if (password.empty())
            prepared.problems.push_back(
                loaded.problem(key, file.string() + " holds no password", "write the password into its first line"));
    }
}

void read_relay_secret(const config::Loaded& loaded, Prepared& prepared)
{
    const auto& file = loaded.settings.turn.secret;
    if (file.empty() || said_already(prepared, "turn.secret")) return;
    prepared.relay_secret = secret_in(file);
    if (prepared.relay_secret.empty())
        prepared.problems.push_back(loaded.problem("turn.secret", file.string() + " holds no secret",
                                                   "write there what coturn has as static-auth-secret"));
}

std::shared_ptr<const net::ConnectionLimits> connections_of(const config::Settings& settings)
{
    const auto& limits = settings.limits;
    net::ConnectionLimits connections;
    connections.handshake_timeout = limits.handshake_timeout;
    // A phone without keep-alives is heard of with each refresh of its registration only.
    connections.idle_timeout = std::max(limits.idle_timeout, settings.registrar.binding_lifetime + seconds{60});
    connections.stranger_timeout = std::min(limits.idle_timeout, stranger_timeout);
    connections.send_queue = limits.send_queue_bytes;
    connections.message.body = limits.message_bytes;
    connections.message.head = std::min(connections.message.head, limits.message_bytes);
    connections.message.lines = limits.headers;
    connections.web.origins = settings.origins();
    return std::make_shared<net::ConnectionLimits>(connections);
}

/// Files that are read at the start and at each reload, with their keys.
std::vector<std::pair<std::string, std::filesystem::path>> files_of(const config::Settings& settings)
{
    std::vector<std::pair<std::string, std::filesystem::path>> files;
    for (std::size_t i = 0; i < settings.domains.size(); ++i) {
        const auto item = "domains[" + std::to_string(i) + "].";
        files.emplace_back(item + "certificate", settings.domains[i].certificate);
        files.emplace_back(item + "private_key", settings.domains[i].private_key);
    }
    if (!settings.turn.secret.empty()) files.emplace_back("turn.secret", settings.turn.secret);
    if (!settings.weaken.master_key_file.empty())
        files.emplace_back("weaken.master_key_file", settings.weaken.master_key_file);
    for (std::size_t i = 0; i < settings.routes.size(); ++i)
        if (!settings.routes[i].password_file.empty())
            files.emplace_back("routes[" + std::to_string(i) + "].password_file", settings.routes[i].password_file);
    if (!settings.peers.authorities.empty()) files.emplace_back("peers.authorities", settings.peers.authorities);
    if (!settings.push.authorities.empty()) files.emplace_back("push.authorities", settings.push.authorities);
    return files;
}

/// The sandbox is made once, at the start.
void stay_in_folders(const config::Loaded& loaded, const os::Folders& admitted, Prepared& prepared)
{
    for (const auto& [key, file] : files_of(loaded.settings)) {
        const auto folders = os::folders_of(file);
        const auto other =
            std::ranges::find_if_not(folders, [&](const auto& folder) { return admitted.admits(folder); });
        if (other != folders.end())
            prepared.problems.push_back(
                loaded.problem(key, other->string() + " is none of the folders that were named when the daemon started",
                               "restart the daemon, which ends no call, or keep the file where it was"));
    }
}

} // namespace

std::shared_ptr<const net::Identities> open_identities(const config::Settings& settings)
{
    for (const auto& domain : settings.domains) // the next start would refuse it
        if (config::is_open_to_everybody(domain.private_key))
            throw net::IdentityError{domain.private_key.string() + " is open to every user: chmod o-rw " +
                                     domain.private_key.string()};
    return std::make_shared<net::Identities>(identities_of(settings), tls_options(settings));
}

std::shared_ptr<const net::Identities> open_outside(const config::Settings& settings)
{
    // Nobody is reached, and nobody comes in, without routes: then the authorities need not be there either.
    if (settings.routes.empty() && settings.listen.peers.empty()) return nullptr;
    auto mutual = tls_options(settings);
    mutual.mutual = true;
    mutual.authorities = settings.peers.authorities.string();
    return std::make_shared<net::Identities>(identities_of(settings), mutual);
}

namespace {

/// Needs the certificates of our own domains: where these are wrong, that is said already.
void try_outside(const config::Loaded& loaded, Prepared& prepared)
{
    if (std::ranges::any_of(prepared.problems, [](const auto& problem) {
            return problem.key.starts_with("domains") || problem.key.starts_with("peers.authorities");
        }))
        return;
    try {
        prepared.outside = open_outside(loaded.settings);
    } catch (const net::IdentityError& error) {
        prepared.problems.push_back(loaded.problem("peers.authorities", error.what(),
                                                   "a PEM file with the certificates of who certifies other domains"));
    }
}

/// Of a file that is there: one that is not is made at the start.
void try_audit_key(const config::Loaded& loaded, std::vector<config::Problem>& problems)
{
    const auto& file = loaded.settings.weaken.audit_key_file;
    std::error_code unknown;
    if (!file || !std::filesystem::exists(*file, unknown)) return;
    try {
        audit::audit_key(file);
    } catch (const audit::NoAuditKey& error) {
        problems.push_back(loaded.problem("weaken.audit_key_file", error.what(),
                                          "name the file of a key, or one that is not there: it is made"));
    }
}

/// Of which the running daemon has no need any more, and mostly no right to it.
void try_what_is_read_once(const config::Loaded& loaded, std::vector<config::Problem>& problems)
{
    const auto& settings = loaded.settings;
    try_audit_key(loaded, problems);
    if (settings.push.gateway && !settings.push.authorities.empty()) {
        const std::unique_ptr<SSL_CTX, crypto::Releaser<SSL_CTX_free>> context{SSL_CTX_new(TLS_client_method())};
        std::error_code unknown;
        if (!std::filesystem::is_regular_file(settings.push.authorities, unknown) ||
            SSL_CTX_load_verify_file(context.get(), settings.push.authorities.c_str()) != 1)
            problems.push_back(loaded.problem("push.authorities",
                                              settings.push.authorities.string() + " holds no certificate",
                                              "a PEM file with the certificates of who certifies the gateway"));
        ERR_clear_error();
    }
    if (settings.billing.routes.empty() || settings.weaken.master_key_file.empty()) return;
    try {
        store::read_master_key(settings.weaken.master_key_file);
    } catch (const store::StoreError& error) {
        problems.push_back(loaded.problem("weaken.master_key_file", error.what(), "or correct the path"));
    }
}

/// Those that the file names: a system may do without the usual ones.
void look_for_groups(const config::Loaded& loaded, std::vector<config::Problem>& warnings)
{
    const auto& admin = loaded.settings.admin;
    for (const auto& [key, group] : {std::pair{"admin.operators", &admin.operators},
                                     {"admin.billing", &admin.billing},
                                     {"admin.privacy_officers", &admin.privacy_officers}})
        if (loaded.places.contains(key) && !ctl::gid_of(*group))
            warnings.push_back(loaded.problem(key, "this system has no group " + *group + ": nobody has the role by it",
                                              "make it (`groupadd --system " + *group +
                                                  "`) before the daemon starts, or name one that is there"));
}

/// What `look` gives, or a warning that it cannot be seen.
template <class Look> auto seen(const config::Loaded& loaded, const std::string& key, const std::string& what,
                                std::vector<config::Problem>& warnings, Look look) -> std::optional<decltype(look())>
{
    try {
        return look();
    } catch (const store::StoreError& error) {
        warnings.push_back(
            loaded.problem(key, what + " cannot be seen: " + error.what(), "let the user that runs sottod check"));
        return std::nullopt;
    }
}

void warn_of_announcers(const config::Loaded& loaded, std::vector<config::Problem>& warnings)
{
    const auto& settings = loaded.settings;
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        const auto& address = settings.routes[i].announcement;
        if (address.empty()) continue;
        const auto key = "routes[" + std::to_string(i) + "].announcement";
        const auto known = seen(loaded, key, "whether an account has this address", warnings,
                                [&] { return store::known_address(settings.state_directory, address); });
        if (known == false)
            warnings.push_back(loaded.problem(key, "no account has this address: nobody announces the route's calls",
                                              "add the account of the media server: `sotto account add`"));
    }
}

/// Whoever had an address there while it was a domain has a password for that domain.
void warn_of_aliases(const config::Loaded& loaded, std::vector<config::Problem>& warnings)
{
    const auto& settings = loaded.settings;
    for (std::size_t i = 0; i < settings.domains.size(); ++i)
        for (std::size_t j = 0; j < settings.domains[i].aliases.size(); ++j) {
            const auto key = "domains[" + std::to_string(i) + "].aliases[" + std::to_string(j) + "]";
            const auto& alias = settings.domains[i].aliases[j];
            const auto stored = seen(loaded, key, "whether accounts are stored under this name", warnings,
                                     [&] { return store::accounts_in_domain(settings.state_directory, alias); });
            if (!stored) return; // it is said once
            if (*stored != 0)
                warnings.push_back(loaded.problem(
                    key,
                    std::to_string(*stored) + (*stored == 1 ? " account is" : " accounts are") +
                        " stored under this name, from when it was a domain: no phone can log in there any more",
                    "add them anew under \"" + settings.domains[i].name +
                        "\" and remove the old ones, or make it a domain again"));
        }
}

} // namespace

os::Folders folders_of(const config::Settings& settings)
{
    os::Folders folders{.read = {},
                        .write = {{.folder = settings.state_directory, .mode = 0700},
                                  {.folder = settings.admin.socket.parent_path(), .mode = 0750}}};
    const auto read = [&](const std::filesystem::path& file) {
        for (auto& folder : os::folders_of(file)) folders.read.push_back(std::move(folder));
    };
    read(settings.file);
    for (const auto& [key, file] : files_of(settings)) read(file);
    if (const char* credentials = std::getenv("CREDENTIALS_DIRECTORY")) folders.read.emplace_back(credentials);
    if (const auto& key = settings.weaken.audit_key_file) {
        read(*key);
        std::error_code unknown;
        if (!std::filesystem::exists(*key, unknown))
            folders.write.push_back({.folder = key->parent_path()}); // it is made
    }
    return folders;
}

Prepared prepare(const std::filesystem::path& file, const os::Folders* admitted)
{
    const auto loaded = config::load(file);
    Prepared prepared{.settings = loaded.settings, .problems = loaded.problems};
    if (admitted != nullptr) stay_in_folders(loaded, *admitted, prepared);
    // Whatever is wrong in the text, the files that it names are looked at too: one run says everything.
    for (auto& problem : config::check(loaded)) prepared.problems.push_back(std::move(problem));
    try_identities(loaded, prepared.problems);
    read_relay_secret(loaded, prepared);
    read_passwords(loaded, prepared);
    try_outside(loaded, prepared);
    if (admitted == nullptr) {
        try_what_is_read_once(loaded, prepared.problems);
        look_for_groups(loaded, prepared.warnings);
    }
    if (!prepared.problems.empty()) return prepared;
    prepared.certificates = CertificateWatch::content_of(loaded.settings);
    prepared.identities = open_identities(loaded.settings);
    prepared.core = core_of(prepared);
    prepared.connections = connections_of(loaded.settings);
    return prepared;
}

std::vector<config::Problem> warnings_of(const std::filesystem::path& file)
{
    const auto loaded = config::load(file);
    std::vector<config::Problem> warnings;
    warn_of_announcers(loaded, warnings);
    warn_of_aliases(loaded, warnings);
    return warnings;
}

std::shared_ptr<const CoreSettings> core_of(const Prepared& prepared)
{
    auto core = std::make_shared<CoreSettings>(prepared.settings.core());
    core->relay.secret = prepared.relay_secret;
    for (std::size_t i = 0; i < core->routes.size(); ++i) core->routes[i].password = prepared.route_passwords[i];
    return core;
}

net::AdmissionLimits admission_of(const config::Settings& settings, std::size_t workers, std::uint64_t descriptors)
{
    const auto& limits = settings.limits;
    const auto kept = reserved_descriptors + workers * descriptors_of_worker;
    const auto room = descriptors > kept + 1 ? descriptors - kept : 1;
    const auto wanted = limits.connections == 0 ? room : std::min<std::uint64_t>(room, limits.connections);
    return {.connections_per_source = limits.connections_per_source,
            .handshakes_per_second = limits.handshakes_per_second,
            .handshakes_in_progress = static_cast<std::uint32_t>(limits.open_handshakes * workers),
            .connections = static_cast<std::uint32_t>(std::min<std::uint64_t>(wanted, UINT32_MAX))};
}

} // namespace sotto::app
