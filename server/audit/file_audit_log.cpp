#include "audit/file_audit_log.hpp"

#include "audit/time_text.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace sotto::audit {
namespace {

/// Room that is taken before an action, so that its end can be written whatever fills the disk meanwhile.
constexpr off_t reserve = 16 * 1024;
constexpr std::size_t name_digits = 12;

std::string file_name(std::uint64_t first)
{
    const auto number = std::to_string(first);
    return std::string(name_digits - std::min(name_digits, number.size()), '0') + number + ".log";
}

struct FirstLine {
    std::uint64_t sequence{0};
    std::string time;
};
std::optional<FirstLine> first_line(const std::filesystem::path& file)
{
    const auto text = read_all(file);
    if (!text) return std::nullopt;
    const auto line = take_apart(std::string_view{*text}.substr(0, text->find('\n')));
    if (!line || line->sequence() == 0) return std::nullopt;
    // By the time that keys go by, where it is known: a calendar that was set back makes no file old.
    const auto believed = line->text("believed");
    return FirstLine{line->sequence(), believed.empty() ? line->text("time") : believed};
}

/// The last entry that is known of: in the log, or noted elsewhere.
Head last_known(const Verdict& found, const std::vector<Head>& noted)
{
    auto head = found.last;
    for (const auto& one : noted)
        if (one.sequence > head.sequence) head = one;
    return head;
}

/// A last line that a crash cut off was not acknowledged to anybody. True when there was one and it is gone.
bool drop_torn_line(const std::filesystem::path& folder)
{
    const auto files = files_of(folder);
    if (!files || files->empty()) return false;
    const auto& last = files->back();
    const auto text = read_all(last);
    if (!text || text->ends_with('\n')) return false;
    const auto end = text->rfind('\n');
    if (end == std::string::npos) return ::unlink(last.c_str()) == 0;
    return ::truncate(last.c_str(), static_cast<off_t>(end + 1)) == 0;
}

/// A file in the way of the next one with whole entries in it is what somebody has spoiled: it shows who and how.
std::error_code set_aside(const std::filesystem::path& path)
{
    const auto text = read_all(path);
    if (!text || text->find('\n') == std::string::npos) return {};
    auto aside = path;
    for (aside += ".bad"; std::filesystem::exists(aside);) aside += ".bad";
    return ::rename(path.c_str(), aside.c_str()) == 0 ? std::error_code{}
                                                      : std::error_code{errno, std::generic_category()};
}

Verdict look(const std::filesystem::path& folder, const Trust& trust, const std::function<void(const Line&)>& each)
{
    make_own_folder(folder);
    auto verdict = audit::verify(folder, trust, each);
    const bool torn = verdict.bad && verdict.bad->sequence > last_known({}, trust.heads).sequence;
    if (torn && drop_torn_line(folder)) verdict = audit::verify(folder, trust, each);
    return verdict;
}

} // namespace

FileAuditLog::FileAuditLog(Options options, const crypto::Secret& audit_key, const std::vector<Head>& noted,
                           const std::function<void(const Line&)>& each)
    : options_{std::move(options)}, signer_{audit_key}, vault_{options_.folder / "keys", audit_key},
      found_{look(options_.folder, {.public_key = {}, .audit_key = &audit_key, .heads = noted}, each)},
      broken_{found_.bad.has_value()}, segment_{last_known(found_, noted)}, head_{segment_}, mac_{audit_key,
                                                                                                  segment_.sequence + 1,
                                                                                                  segment_.hash}
{
    entries_ = head_.sequence;
}

Written FileAuditLog::begin(const Action& action)
{
    if (options_.heads_pass && !options_.heads_pass()) return make_error_code(heads_wait);
    const std::lock_guard lock{mutex_};
    if (const auto failed = write_action(action, {})) return failed;
    return Receipt{head_.sequence};
}

void FileAuditLog::end(const Receipt& begun, std::string_view result)
{
    const std::lock_guard lock{mutex_};
    // What began is on disk; when its end cannot be, `audit show` says that it is not known.
    static_cast<void>(append({{"of", begun.sequence}, {"result", result}}, 0));
}

Written FileAuditLog::record(const Action& action, std::string_view result)
{
    const std::lock_guard lock{mutex_};
    if (const auto failed = write_action(action, result)) return failed;
    return Receipt{head_.sequence};
}

bool FileAuditLog::forget(std::string_view subject)
{
    const std::lock_guard lock{mutex_};
    return !vault_.forget(subject);
}

void FileAuditLog::checkpoint()
{
    const std::lock_guard lock{mutex_};
    if (unsigned_ > 0) static_cast<void>(write_checkpoint());
}

Head FileAuditLog::head() const
{
    const std::lock_guard lock{mutex_};
    return head_;
}

std::optional<std::string> FileAuditLog::open(std::string_view sealed) const
{
    const std::lock_guard lock{mutex_};
    return vault_.open(sealed);
}

Verdict FileAuditLog::verify(const std::function<void(const Line&)>& each, std::vector<Head> noted) const
{
    const bool own_knowledge = noted.empty(); // what somebody typed may be wrong, and is no alarm
    const std::shared_lock files_stay{removal_};
    auto log = present();
    if (!log) return {.unread = log.error()};
    noted.insert(noted.end(), log->heads.begin(), log->heads.end());
    auto verdict = audit::verify(log->extent, {.public_key = signer_.public_key(), .heads = std::move(noted)}, each);
    if (verdict.bad && own_knowledge) tell_broken(*verdict.bad);
    return verdict;
}

Verdict FileAuditLog::read_on(std::uint64_t from, const std::function<bool(const Line&)>& each) const
{
    const std::shared_lock files_stay{removal_};
    auto log = present();
    if (!log) return {.unread = log.error()};
    auto& files = log->extent.files;
    auto first = std::ranges::upper_bound(files, options_.folder / file_name(from));
    if (first != files.begin()) files.erase(files.begin(), --first);
    auto verdict =
        audit::read_on(log->extent, {.public_key = signer_.public_key(), .heads = std::move(log->heads)}, each);
    if (verdict.bad) tell_broken(*verdict.bad);
    return verdict;
}

boost::system::result<FileAuditLog::Present, std::error_code> FileAuditLog::present() const
{
    const std::lock_guard lock{mutex_};
    auto files = files_of(options_.folder);
    if (!files) return files.error();
    Present present{.extent = {.files = std::move(*files)}, .heads = {segment_, head_}};
    if (file_) present.extent.last_bytes = size_;
    return present;
}

void FileAuditLog::tell_broken(const Bad& bad) const
{
    if (!broken_.exchange(true) && options_.on_broken) options_.on_broken(bad);
}

boost::system::result<std::size_t, std::error_code> FileAuditLog::expire(std::span<const Keep> times)
{
    const std::lock_guard lock{mutex_};
    if (found_.unread) return std::size_t{0}; // what time it was before is not known: the next process does it
    const auto now = believed();
    std::chrono::months longest{0};
    for (const auto& keep : times) {
        longest = std::max(longest, keep.time);
        const auto destroyed = vault_.forget_before(keep.purpose, month_of(now) - keep.time);
        if (!destroyed) return destroyed.error();
    }
    return remove_before(month_of(now) - longest);
}

boost::system::result<std::size_t, std::error_code> FileAuditLog::remove_before(Vault::Month first_kept)
{
    const std::unique_lock alone{removal_, std::try_to_lock};
    if (!alone) return std::size_t{0};
    const auto listed = files_of(options_.folder);
    if (!listed) return listed.error();
    const auto& files = *listed;
    std::size_t over = 0; // files that end before the first kept month
    std::uint64_t through = 0;
    while (over + 1 < files.size()) {
        const auto next = first_line(files[over + 1]);
        const auto begun = next ? time_from(next->time) : std::nullopt;
        if (!begun || !(month_of(*begun) < first_kept)) break;
        through = next->sequence - 1;
        ++over;
    }
    if (over == 0) return over;
    // Said before it is done: a gap that no entry explains is a fault.
    if (const auto failed = write({{"what", "audit expire"}, {"through", through}})) return failed;
    for (std::size_t i = 0; i < over; ++i)
        if (::unlink(files[i].c_str()) != 0) return std::error_code{errno, std::generic_category()};
    return over;
}

Time FileAuditLog::believed() const { return options_.believed ? options_.believed() : options_.now(); }

std::error_code FileAuditLog::seal_into(json::object& entry, const char* member, const std::string& text,
                                        const Action& action)
{
    if (text.empty()) return {};
    const auto sealed = vault_.seal(text, action.purpose, month_of(believed()), action.subject);
    if (!sealed) return sealed.error();
    entry[member] = *sealed;
    return {};
}

std::error_code FileAuditLog::write_action(const Action& action, std::string_view result)
{
    json::object entry{
        {"uid", action.who.uid}, {"name", action.who.name}, {"what", action.what}, {"purpose", action.purpose}};
    if (const auto failed = seal_into(entry, "subject", action.subject, action)) return failed;
    if (const auto failed = seal_into(entry, "scope", action.scope, action)) return failed;
    if (const auto failed = seal_into(entry, "reason", action.reason, action)) return failed;
    if (!result.empty()) entry["result"] = result;
    return write(entry);
}

std::error_code FileAuditLog::write(const json::object& members)
{
    if (!file_ || size_ >= options_.file_bytes)
        if (const auto failed = open_file()) return failed;
    if (const auto failed = append(members, reserve)) return failed;
    if (unsigned_ >= options_.entries_per_checkpoint) static_cast<void>(write_checkpoint());
    return {};
}

std::error_code FileAuditLog::catch_up(std::optional<Bad>& bad)
{
    // The key is gone, and so are the MACs of before out of reach; they hang on the checkpoints as everything does.
    const auto found = look(options_.folder, {.public_key = signer_.public_key(), .heads = {segment_}}, {});
    if (found.unread) return found.unread;
    bad = found.bad;
    if (bad) tell_broken(*bad);
    if (found.last.sequence <= head_.sequence) return {};
    for (auto at = head_.sequence; at < found.last.sequence; ++at) mac_.evolve(); // as many as were never noted
    head_ = found.last;
    entries_ = head_.sequence;
    return {};
}

std::error_code FileAuditLog::open_file()
{
    auto bad = file_ ? std::nullopt : found_.bad;
    if (!file_ && found_.unread)
        if (const auto failed = catch_up(bad)) return failed;
    const auto path = options_.folder / file_name(head_.sequence + 1);
    if (const auto failed = set_aside(path)) return failed;
    auto made = open_own(path);
    if (!made) return made.error();
    // What an attempt before this one has left there was acknowledged to nobody.
    if (::ftruncate(made->descriptor(), 0) != 0) return {errno, std::generic_category()};
    const auto head = head_.sequence;
    auto before = std::exchange(file_, std::move(*made));
    const auto size_before = std::exchange(size_, 0);
    auto failed = flush_folder(options_.folder);
    if (!failed) failed = write_checkpoint(bad ? bad->why : std::string_view{});
    if (failed && head == head_.sequence) { // nothing was written: the next attempt begins anew
        ::unlink((options_.folder / file_name(head + 1)).c_str());
        file_ = std::move(before);
        size_ = size_before;
    }
    return failed;
}

std::error_code FileAuditLog::write_checkpoint(std::string_view broken)
{
    const auto signature = signer_.sign(crypto::as_bytes(signed_text(head_)));
    json::object entry{{"what", "checkpoint"},
                       {"previous", hex(head_.hash)},
                       {"segment", to_string(segment_)},
                       {"public_key", hex(signer_.public_key())},
                       {"signature", hex(signature)}};
    if (options_.believed) entry["believed"] = time_text(options_.believed());
    if (!broken.empty()) entry["broken"] = broken;
    const auto signed_head = head_;
    if (const auto failed = append(entry, reserve)) return failed;
    unsigned_ = 0;
    if (options_.on_checkpoint) options_.on_checkpoint(signed_head, signature);
    return {};
}

std::error_code FileAuditLog::append(const json::object& members, off_t more)
{
    json::object entry{{"seq", head_.sequence + 1}, {"time", time_text(options_.now())}};
    for (const auto& member : members) entry[member.key()] = member.value();
    const auto made = chained(entry, head_.hash, mac_);
    // Not every file system knows this; where it does, ENOSPC comes here and not later.
    if (::fallocate(file_.descriptor(), FALLOC_FL_KEEP_SIZE, static_cast<off_t>(size_),
                    static_cast<off_t>(made.line.size()) + more) != 0 &&
        errno != EOPNOTSUPP)
        return {errno, std::generic_category()};
    auto failed = write_at(file_, size_, crypto::as_bytes(made.line));
    // Before anybody is told of it: a head that is noted, of an entry that a power cut took, is a log that was cut off.
    if (!failed) failed = flush(file_);
    if (failed) {
        [[maybe_unused]] const int cut = ::ftruncate(file_.descriptor(), static_cast<off_t>(size_));
        return failed;
    }
    size_ += made.line.size();
    head_ = {head_.sequence + 1, made.hash};
    entries_ = head_.sequence;
    mac_.evolve();
    ++unsigned_;
    if (options_.on_head) options_.on_head(head_);
    return {};
}

} // namespace sotto::audit
