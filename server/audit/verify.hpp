#pragma once
#include "audit/chain.hpp"
#include "crypto/secret.hpp"

#include <boost/system/result.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace sotto::audit {

/// What the verifier knows from elsewhere. The more it is given, the more it can find.
struct Trust {
    std::optional<PublicKey> public_key;      ///< whose checkpoints count
    const crypto::Secret* audit_key{nullptr}; ///< checks the MACs; includes the public key
    std::vector<Head> heads;                  ///< entries that exist: from accounts.db, the journal, the running daemon
};

/// The first entry that is not as it was written.
struct Bad {
    std::uint64_t sequence{0}; ///< of the entry that should stand there
    std::string file;          ///< its name in the folder
    std::size_t line{0};       ///< counts from 1
    std::string why;
};

struct Verdict {
    std::uint64_t entries{0};
    std::uint64_t first{0};       ///< sequence of the first entry that is still there; 0: there is none
    Head last{};                  ///< the last good entry
    std::uint64_t checkpoints{0}; ///< with a good signature
    bool macs{false};             ///< the MACs were checked
    std::optional<Bad> bad;       ///< the first
    std::vector<Bad> more;        ///< others behind it, in order
    std::error_code unread{};     ///< why nothing was read, and nothing is known of the log: it is neither good nor bad
};

/// What a log is at one moment: its files in order, and how much of the last one. What is written afterwards does not
/// belong to it.
struct Extent {
    std::vector<std::filesystem::path> files;
    std::uint64_t last_bytes{std::numeric_limits<std::uint64_t>::max()};
};

/// Reads a log from its first entry to its last. Behind an entry that is wrong it goes on with the next checkpoint that
/// is signed with the key which `trust` names: what follows hangs on that one. `each` is shown every good entry. Pure
/// reading, without a lock: the files must stay.
Verdict verify(const Extent& log, const Trust& trust, const std::function<void(const Line&)>& each = {});
/// The log in `folder`, to which nobody is writing: an entry that is being written may look torn.
Verdict verify(const std::filesystem::path& folder, const Trust& trust,
               const std::function<void(const Line&)>& each = {});

/// Reads on, from a file that need not be the log's first, until `each` has enough: each entry that is read is checked,
/// up to the checkpoint that begins its file; of what stands before that file, and behind the last entry that is read,
/// nothing is said. Where it has never enough, the end is checked as `verify` does.
Verdict read_on(const Extent& rest, const Trust& trust, const std::function<bool(const Line&)>& each);

/// The log's files in order: none where the folder is gone.
boost::system::result<std::vector<std::filesystem::path>, std::error_code>
files_of(const std::filesystem::path& folder);

} // namespace sotto::audit
