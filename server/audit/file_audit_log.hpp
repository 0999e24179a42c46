#pragma once
#include "audit/audit_log.hpp"
#include "audit/chain.hpp"
#include "audit/files.hpp"
#include "audit/vault.hpp"
#include "audit/verify.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>

namespace sotto::audit {

/// How long entries of a purpose can be read. Their keys are destroyed after it; the lines go with the last of their
/// file.
struct Keep {
    std::string_view purpose;
    std::chrono::months time;
};

/// The audit log in a folder of its own: `000000000001.log`, ... (named after their first entries) and `keys`.
///
/// Each entry holds a hash over the one before it and a MAC with a key that is hashed to the next one's at once. Every
/// file begins with a checkpoint, signed with Ed25519, and so does every run of the daemon; one follows after some
/// entries. The head (sequence and hash of the last entry) is handed out after each entry, to be noted where whoever
/// changes the log cannot change it too.
class FileAuditLog final : public AuditLog {
public:
    struct Options {
        std::filesystem::path folder;              ///< "audit" in the state directory; made when it is missing
        std::uint64_t file_bytes{8 * 1024 * 1024}; ///< a larger file is followed by a new one
        std::uint64_t entries_per_checkpoint{64};
        std::function<Time()> now{[] { return std::chrono::system_clock::now(); }}; ///< of entries
        /// By what keys end and begin, where `now` may be wrong (core/retention/timekeeper.hpp): destruction cannot be
        /// taken back. Checkpoints note it for the next process. Without it, `now`.
        std::function<Time()> believed{};
        /// After each entry, on the thread that wrote it and under the lock of all: must not call the log, nor wait for
        /// anybody.
        std::function<void(const Head&)> on_head{};
        /// False: heads that were handed out wait to be noted, and no action begins until they are. Entries about what
        /// has happened already are written. Without it, heads do not wait.
        std::function<bool()> heads_pass{};
        std::function<void(const Head&, const Signature&)> on_checkpoint{}; ///< after each checkpoint, likewise
        /// At most once: when a reading finds the first entry that is not as it was written. On the thread that reads,
        /// and must not call the log.
        std::function<void(const Bad&)> on_broken{};
    };

    /// Checks what is there against `noted`, and goes on after it. `audit_key` is not kept. Never throws for what the
    /// disk says: a log that cannot be read or written refuses each `begin` until it can, and is checked then. `each`
    /// is shown every good entry that is there; where a last line was torn, all of them twice.
    FileAuditLog(Options options, const crypto::Secret& audit_key, const std::vector<Head>& noted,
                 const std::function<void(const Line&)>& each = {});

    Written begin(const Action& action) override;
    void end(const Receipt& begun, std::string_view result) override;
    Written record(const Action& action, std::string_view result) override;
    bool forget(std::string_view subject) override;

    /// Signs the last entry, when none has signed it yet.
    void checkpoint();
    /// Destroys keys whose time is over, and removes files in which nothing can be read any more; those that somebody
    /// is reading stay until the next time. Says how many files.
    boost::system::result<std::size_t, std::error_code> expire(std::span<const Keep> times);

    /// Checks the log, as it is when this is called, against the last entry that this object has written, and against
    /// what was `noted` elsewhere. However long it takes, entries can be added meanwhile.
    Verdict verify(const std::function<void(const Line&)>& each = {}, std::vector<Head> noted = {}) const;
    /// Reads on from an entry until `each` has enough, for whoever has verified the log and comes back for more: the
    /// files before it are not read again, see audit::read_on.
    Verdict read_on(std::uint64_t from, const std::function<bool(const Line&)>& each) const;
    /// What the constructor found.
    [[nodiscard]] const Verdict& found() const { return found_; }
    /// True when the log was not as it was written, at the start or when it was read since.
    [[nodiscard]] bool broken() const { return broken_.load(std::memory_order_relaxed); }
    [[nodiscard]] Head head() const;
    /// How many there are: the number of the last one. Waits for no disk.
    [[nodiscard]] std::uint64_t entries() const { return entries_.load(std::memory_order_relaxed); }
    [[nodiscard]] const PublicKey& public_key() const { return signer_.public_key(); }
    /// A sealed value, or nothing when its time is over or the person was forgotten.
    [[nodiscard]] std::optional<std::string> open(std::string_view sealed) const;

private:
    [[nodiscard]] Time believed() const;
    std::error_code write_action(const Action& action, std::string_view result);
    std::error_code write(const json::object& members);
    std::error_code write_checkpoint(std::string_view broken = {});
    /// Takes room for the entry and `more` bytes, or writes nothing.
    std::error_code append(const json::object& members, off_t more);
    boost::system::result<std::size_t, std::error_code> remove_before(Vault::Month first_kept);
    std::error_code open_file();
    /// Reads what the constructor could not, so that the next entry hangs on the last one.
    std::error_code catch_up(std::optional<Bad>& bad);
    void tell_broken(const Bad& bad) const;
    /// The log as it is now, and the heads that it must hold.
    struct Present {
        Extent extent;
        std::vector<Head> heads;
    };
    [[nodiscard]] boost::system::result<Present, std::error_code> present() const;
    std::error_code seal_into(json::object& entry, const char* member, const std::string& text, const Action& action);

    Options options_;
    /// Held together by those who read the files, and alone by whoever removes some. Taken before `mutex_`, or tried.
    mutable std::shared_mutex removal_;
    mutable std::mutex mutex_;
    Signer signer_;
    Vault vault_;
    Verdict found_;
    mutable std::atomic<bool> broken_;
    Head segment_; ///< the entry before this object's first one
    Head head_;
    std::atomic<std::uint64_t> entries_{0}; ///< as `head_` says
    EvolvingMac mac_;
    File file_;
    std::uint64_t size_{0};
    std::uint64_t unsigned_{0}; ///< entries since the last checkpoint
};

} // namespace sotto::audit
