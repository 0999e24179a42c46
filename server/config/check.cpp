#include "config/check.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace sotto::config {
namespace {

namespace fs = std::filesystem;

void readable(const Loaded& loaded, const std::string& key, const fs::path& file, std::vector<Problem>& problems)
{
    std::error_code fault;
    const auto status = fs::status(file, fault);
    if (status.type() == fs::file_type::none)
        problems.push_back(loaded.problem(key, file.string() + " cannot be reached: " + fault.message(),
                                          "let the user that runs sottod reach it, or correct the path"));
    else if (!fs::exists(status))
        problems.push_back(
            loaded.problem(key, "there is no file " + file.string(), "put the file there, or correct the path"));
    else if (!fs::is_regular_file(status))
        problems.push_back(loaded.problem(key, file.string() + " is no file", "name a file"));
    else if (::access(file.c_str(), R_OK) != 0)
        problems.push_back(
            loaded.problem(key, file.string() + " cannot be read", "let the user that runs sottod read it"));
}

void secret(const Loaded& loaded, const std::string& key, const fs::path& file, std::vector<Problem>& problems)
{
    if (is_open_to_everybody(file))
        problems.push_back(
            loaded.problem(key, file.string() + " is open to every user", "chmod o-rw " + file.string()));
}

/// A folder that is missing is made at the start, the one that it lies in is not.
void makeable(const Loaded& loaded, const std::string& key, const fs::path& folder, std::vector<Problem>& problems)
{
    std::error_code fault;
    const auto around = (folder / "").parent_path().parent_path(); // with a slash at its end or without
    if (fs::exists(fs::status(folder, fault)) || fs::exists(fs::status(around, fault))) return;
    problems.push_back(loaded.problem(key, "there is no folder " + around.string(), "make it, or correct the path"));
}

} // namespace

bool is_open_to_everybody(const fs::path& file)
{
    std::error_code fault;
    const auto status = fs::status(file, fault);
    return fs::is_regular_file(status) &&
           (status.permissions() & (fs::perms::others_read | fs::perms::others_write)) != fs::perms::none;
}

std::vector<Problem> check(const Loaded& loaded)
{
    std::vector<Problem> problems;
    const auto& settings = loaded.settings;
    for (std::size_t i = 0; i < settings.domains.size(); ++i) {
        const std::string item = "domains[" + std::to_string(i) + "].";
        if (settings.domains[i].certificate.empty() || settings.domains[i].private_key.empty())
            continue; // said already
        readable(loaded, item + "certificate", settings.domains[i].certificate, problems);
        readable(loaded, item + "private_key", settings.domains[i].private_key, problems);
        secret(loaded, item + "private_key", settings.domains[i].private_key, problems);
    }
    if (!settings.turn.secret.empty()) {
        readable(loaded, "turn.secret", settings.turn.secret, problems);
        secret(loaded, "turn.secret", settings.turn.secret, problems);
    }
    for (std::size_t i = 0; i < settings.routes.size(); ++i) {
        const auto& file = settings.routes[i].password_file;
        if (file.empty()) continue;
        const std::string key = "routes[" + std::to_string(i) + "].password_file";
        readable(loaded, key, file, problems);
        secret(loaded, key, file, problems);
    }
    if (!settings.peers.authorities.empty())
        readable(loaded, "peers.authorities", settings.peers.authorities, problems);
    std::error_code fault;
    const auto socket = fs::status(settings.admin.socket, fault);
    if (fs::exists(socket) && !fs::is_socket(socket))
        problems.push_back(loaded.problem("admin.socket", settings.admin.socket.string() + " is there and is no socket",
                                          "remove it, or name another path"));
    makeable(loaded, "admin.socket", settings.admin.socket.parent_path(), problems);
    makeable(loaded, "state_directory", settings.state_directory, problems);
    const auto state = fs::status(settings.state_directory, fault);
    if (fs::exists(state) && !fs::is_directory(state))
        problems.push_back(
            loaded.problem("state_directory", settings.state_directory.string() + " is no folder", "name a folder"));
    else if (fs::exists(state) && ::access(settings.state_directory.c_str(), W_OK | X_OK) != 0)
        problems.push_back(loaded.problem("state_directory", settings.state_directory.string() + " cannot be written",
                                          "let the user that runs sottod write there"));
    return problems;
}

std::vector<std::string> weakenings(const Settings& settings)
{
    std::vector<std::string> sentences;
    const auto& weaken = settings.weaken;
    if (settings.uses_md5("*"))
        sentences.emplace_back("weaken.digest_md5: every account proves its password by MD5 instead of SHA-256");
    else if (!weaken.digest_md5.empty())
        sentences.push_back("weaken.digest_md5: accounts that prove their password by MD5 instead of SHA-256: " +
                            std::to_string(weaken.digest_md5.size()));
    if (weaken.tls12)
        sentences.emplace_back("weaken.tls12: TLS 1.2 is accepted; such a connection shows the certificate and the "
                               "length of each message");
    if (weaken.public_gruus)
        sentences.emplace_back("weaken.public_gruus: devices are given URIs that show their subscriber's address and "
                               "stay the same");
    if (weaken.padding == 0U)
        sentences.emplace_back("weaken.padding: messages are not padded; their lengths tell their kind");
    else if (weaken.padding)
        sentences.push_back("weaken.padding: messages are padded to cells of " + std::to_string(*weaken.padding) +
                            " bytes only; their lengths tell more");
    if (weaken.audit_key_file)
        sentences.emplace_back(
            "weaken.audit_key_file: the key of the audit log lies on the disk beside the log; whoever "
            "takes over the service's user can forge entries");
    if (!weaken.master_key_file.empty())
        sentences.emplace_back("weaken.master_key_file: the key of the ledger lies in a file; whoever copies the disk "
                               "has it");
    if (weaken.after_invoice_days)
        sentences.push_back("weaken.after_invoice_days: chargeable calls are kept for " +
                            std::to_string(*weaken.after_invoice_days) + " days after the invoice");
    for (const auto& name : weaken.sdes_routes)
        sentences.push_back("weaken.sdes_routes: on the route \"" + name +
                            "\" the media's keys may pass through servers in the clear");
    return sentences;
}

namespace {

/// Not only those to the police, say.
bool carries_every_emergency_call(const Settings& settings)
{
    constexpr std::array<std::string_view, 3> every{"112", "911", "urn:service:sos"}; // each means the others, too
    return std::ranges::any_of(settings.routes, [&](const RouteEntry& r) {
        return route_kinds[r.kind] == "emergency" &&
               std::ranges::any_of(r.match, [&](const auto& m) { return std::ranges::count(every, m) != 0; });
    });
}

} // namespace

std::vector<std::string> notices(const Settings& settings)
{
    std::vector<std::string> sentences;
    if (!settings.carries_emergency_calls())
        sentences.emplace_back("emergency calls are not carried: there is no route of kind emergency");
    else if (!carries_every_emergency_call(settings))
        sentences.emplace_back("emergency calls are not carried to 112, 911 and urn:service:sos: no route of kind "
                               "emergency has one of them in its match");
    for (const auto& route : settings.routes) {
        if (route_kinds[route.kind] == "gateway")
            sentences.push_back("routes: calls over \"" + route.name +
                                "\" leave end-to-end protection; their callers are " +
                                (protection_actions[route.protection] == "refuse" ? "refused" : "told"));
        if (route.withheld_inside)
            sentences.push_back("routes: the other end of \"" + route.name +
                                "\" is told who calls also when the caller withholds it");
    }
    if (!settings.privacy.relay_only)
        sentences.emplace_back("privacy.relay_only is off: the parties of a call learn each other's media addresses");
    return sentences;
}

} // namespace sotto::config
