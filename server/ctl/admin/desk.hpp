#pragma once
#include "audit/audit_log.hpp"
#include "ctl/admin/account_policy.hpp"
#include "ctl/admin/protocol.hpp"
#include "ctl/commands/command.hpp"

#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace sotto::ctl {

/// Where every request goes before anything is done: is it declared, may this person ask for it, are its arguments what
/// the table says, is it in the audit log? Only then its handler runs. One thread at a time.
class Desk {
public:
    using RolesOf = std::function<Role(const PeerCredentials& peer)>;
    /// Told of each command that is refused because its entry could not be written.
    using Unwritable = std::function<void(const std::error_code& why)>;

    /// Whom somebody may have meant by an address that no account has; empty: nobody.
    using Nearest = std::function<std::string(const std::string& address)>;

    /// The address that somebody means who typed `typed` in a command about `subject`, where it is that of an account
    /// of somebody else; empty: it is not.
    using Another = std::function<std::string(const std::string& subject, const std::string& typed)>;

    /// `audit` outlives this. `nearest` is asked for those who may list accounts.
    Desk(Handlers handlers, RolesOf roles_of, Canonical canonical, audit::AuditLog& audit, Nearest nearest = {},
         Another another = {}, Unwritable on_unwritable = {});

    Reply perform(std::string_view command, const json::object& arguments, const PeerCredentials& peer);

private:
    using Others = std::vector<std::pair<std::string, std::string>>;

    [[nodiscard]] Reply whoami(const PeerCredentials& peer) const;
    Reply recorded(const Command& command, const Handler& handler, const json::object& arguments,
                   const PeerCredentials& peer);
    /// Each of other accounts that the arguments mean, with the name of the argument; it leaves `scope`.
    [[nodiscard]] Others take_others(const Command& command, const std::string& subject, json::object& scope) const;
    CommandError unwritable(const std::string& what, const std::error_code& why) const;
    /// Writes whose data the reply shows, where only the reply knows; or says why it must not be shown.
    std::optional<CommandError> name_the_answered(const Command& command, Reply& reply, audit::Action action);
    /// How the command ended, for the audit log. Where nobody has the address, the reply gets whom it may have meant.
    std::string helped(Reply& reply, const std::string& address, const PeerCredentials& peer) const;

    Handlers handlers_;
    RolesOf roles_of_;
    Canonical canonical_;
    audit::AuditLog& audit_;
    Nearest nearest_;
    Another another_;
    Unwritable on_unwritable_;
};

/// What the audit log says of how a command ended.
std::string result_of(const Reply& reply);

/// The name of a uid in the user database; empty when there is none.
std::string name_of(uid_t uid);

/// Who has which role: the members of three groups. Root and the user that the daemon runs as have all.
struct RoleGroups {
    std::string operators;
    std::string billing;
    std::string privacy_officers;
};
/// Of a system group; none where there is no such group.
std::optional<gid_t> gid_of(const std::string& group);
/// Those of them that this system has.
std::vector<gid_t> gids_of(const RoleGroups& groups);
Role roles_by_group(const RoleGroups& groups, const PeerCredentials& peer);

} // namespace sotto::ctl
