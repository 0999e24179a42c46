#pragma once
#include <boost/system/result.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace sotto::audit {

using Time = std::chrono::system_clock::time_point;

/// Who acted: as the kernel says of the other end of the admin socket (SO_PEERCRED), or the daemon itself.
struct Actor {
    std::uint32_t uid{0};
    std::string name; ///< of the user database; empty when it has none for the uid
};

/// What somebody is about to do. `reason`, `subject` and `scope` may name persons: they are sealed before they are
/// hashed and written, so that forgetting a person, or the end of a period, leaves the chain valid.
struct Action {
    Actor who;
    std::string what;    ///< the command's words: "account show"
    std::string purpose; ///< one of schema/purposes.yaml
    std::string reason;  ///< the operator's own words
    std::string subject; ///< the account's address that it is about; empty: nobody's in particular
    std::string scope;   ///< what else says how much was asked for: "period=2026-11"
};

/// An entry that is on disk.
struct Receipt {
    std::uint64_t sequence{0};
};
/// The operating system's reason why nothing could be written: no space, no right, a failing disk.
using Written = boost::system::result<Receipt, std::error_code>;

/// Among these reasons: heads of entries could not be noted where the log's own disk does not matter, for want of
/// somebody who takes them.
inline constexpr auto heads_wait = std::errc::resource_unavailable_try_again;

/// The record of what operators do and whose data they see. Nobody acts before the entry of it is durable: when `begin`
/// fails, refuse the action and say why. Thread-safe; each call may wait for the disk: never on a worker's thread.
class AuditLog {
public:
    virtual ~AuditLog() = default;

    /// Before the action. Durable when it returns.
    virtual Written begin(const Action& action) = 0;
    /// After it. `result` names nobody: "done", "done rows=12", "refused not_found".
    virtual void end(const Receipt& begun, std::string_view result) = 0;
    /// What is over already, such as a retention run. Durable when it returns.
    virtual Written record(const Action& action, std::string_view result) = 0;
    /// Destroys the key of a person's values: their entries stay, and name nobody any more. False when the disk
    /// refuses.
    virtual bool forget(std::string_view subject) = 0;
};

} // namespace sotto::audit
