#include "audit/verify.hpp"

#include "audit/files.hpp"

#include <algorithm>

namespace sotto::audit {
namespace {

constexpr std::size_t name_digits = 12;

/// Walks along the chain. At an entry that is wrong it loses the way, and finds it again at a checkpoint.
class Walk {
public:
    /// `each` says whether it wants more.
    Walk(const Trust& trust, const std::function<bool(const Line&)>& each) : trust_{trust}, each_{each}
    {
        if (trust.audit_key != nullptr)
            public_key_ = Signer{*trust.audit_key}.public_key();
        else
            public_key_ = trust.public_key;
        verdict_.macs = trust.audit_key != nullptr;
    }

    void files(const Extent& log)
    {
        for (std::size_t i = 0; i < log.files.size() && !enough_; ++i) {
            const bool last = i + 1 == log.files.size();
            file(log.files[i], last ? log.last_bytes : std::numeric_limits<std::uint64_t>::max());
        }
        if (!enough_) check_end();
    }

    /// Of the whole log, after its files.
    void check_begin()
    {
        if (verdict_.first > removed_through_ + 1 && !verdict_.bad) {
            verdict_.bad = Bad{.sequence = removed_through_ + 1,
                               .file = first_file_,
                               .line = 1,
                               .why = "the entries before " + std::to_string(verdict_.first) +
                                      " are gone, and no entry says that their time was over"};
        }
    }

    [[nodiscard]] const Verdict& verdict() const { return verdict_; }

private:
    void file(const std::filesystem::path& path, std::uint64_t most)
    {
        file_ = path.filename().string();
        line_ = 0;
        const auto text = read_all(path, most);
        if (!text || text->empty()) {
            wrong(text ? "the file is empty" : "the file cannot be read: " + text.error().message());
            return;
        }
        std::string_view rest{*text};
        while (!rest.empty() && !enough_) {
            ++line_;
            const auto end = rest.find('\n');
            if (end == std::string_view::npos) {
                wrong("the entry is cut off");
                return;
            }
            take(rest.substr(0, end));
            rest.remove_prefix(end + 1);
        }
    }

    void check_end()
    {
        for (const auto& head : trust_.heads)
            if (head.sequence > verdict_.last.sequence) {
                wrong("entry " + std::to_string(head.sequence) +
                      " was written, but the log ends before: it was cut off, or an older file was put in its place");
                break;
            }
    }

    bool wrong(std::string why)
    {
        Bad bad{verdict_.last.sequence + 1, file_, std::max<std::size_t>(line_, 1), std::move(why)};
        if (!verdict_.bad)
            verdict_.bad = std::move(bad);
        else if (!lost_ && !is_last(bad))
            verdict_.more.push_back(std::move(bad));
        lost_ = true;
        return false;
    }

    /// A changed checkpoint may still show the way, and is as wrong as before.
    [[nodiscard]] bool is_last(const Bad& bad) const
    {
        const auto& last = verdict_.more.empty() ? *verdict_.bad : verdict_.more.back();
        return last.file == bad.file && last.line == bad.line;
    }

    void take(std::string_view text)
    {
        if (!lost_ && entry(text)) return;
        if (finds_the_way(text)) entry(text);
    }

    /// A checkpoint further on says what stood before it, and is signed.
    bool finds_the_way(std::string_view text)
    {
        const auto line = public_key_ ? take_apart(text) : std::nullopt;
        if (!line || line->text("what") != "checkpoint" || line->sequence() <= verdict_.last.sequence) return false;
        Head before{.sequence = line->sequence() - 1};
        Signature signature{};
        if (!from_hex(line->text("previous"), before.hash) || !from_hex(line->text("signature"), signature) ||
            !audit::verify(*public_key_, crypto::as_bytes(signed_text(before)), signature))
            return false;
        verdict_.last = before;
        lost_ = false;
        return true;
    }

    bool entry(std::string_view text)
    {
        const auto line = take_apart(text);
        if (!line) return wrong("the line is no entry");
        const auto sequence = line->sequence();
        if (line_ == 1 && !opens_file(*line)) return false;
        if (sequence != verdict_.last.sequence + 1)
            return wrong("entry " + std::to_string(sequence) + " stands where entry " +
                         std::to_string(verdict_.last.sequence + 1) + " belongs");
        if (hash_of(*line, verdict_.last.hash) != line->hash)
            return wrong("the hash does not fit: the entry was changed");
        if (!checkpoint(*line) || !authentic(*line)) return false;
        if (const auto* through = line->members.if_contains("through"); through != nullptr && through->is_int64())
            removed_through_ = std::max(removed_through_, static_cast<std::uint64_t>(through->get_int64()));
        verdict_.last = {sequence, line->hash};
        for (const auto& head : trust_.heads)
            if (head.sequence == sequence && head.hash != line->hash)
                return wrong_here("the hash is not the one that was noted elsewhere when the entry was written");
        ++verdict_.entries;
        enough_ = !each_(*line);
        return true;
    }

    /// The entry that was just read is the wrong one.
    bool wrong_here(std::string why)
    {
        --verdict_.last.sequence;
        return wrong(std::move(why));
    }

    /// A file begins with a checkpoint that names the entry before it.
    bool opens_file(const Line& line)
    {
        if (line.text("what") != "checkpoint") return wrong("the file does not begin with a checkpoint");
        const auto name = std::to_string(line.sequence());
        if (file_ != std::string(name_digits - std::min(name_digits, name.size()), '0') + name + ".log")
            return wrong("the file has another entry's number");
        if (verdict_.first != 0) return true;
        // The first file that is left: what came before it is known by this checkpoint only.
        Hash previous{};
        if (line.sequence() == 0 || !from_hex(line.text("previous"), previous)) return wrong("the checkpoint is none");
        verdict_.first = line.sequence();
        verdict_.last = {line.sequence() - 1, previous};
        first_file_ = file_;
        if (verdict_.first == 1 && previous != Hash{}) return wrong("the first entry of all names one before it");
        return true;
    }

    bool checkpoint(const Line& line)
    {
        if (line.text("what") != "checkpoint") return true;
        Hash previous{};
        PublicKey key{};
        Signature signature{};
        if (!from_hex(line.text("previous"), previous) || !from_hex(line.text("public_key"), key) ||
            !from_hex(line.text("signature"), signature))
            return wrong("the checkpoint is none");
        if (previous != verdict_.last.hash) return wrong("the checkpoint signs another entry than the one before it");
        if (public_key_ && key != *public_key_) return wrong("the checkpoint was signed with another key");
        if (!audit::verify(key, crypto::as_bytes(signed_text(verdict_.last)), signature))
            return wrong("the signature of the checkpoint does not fit");
        ++verdict_.checkpoints;
        return segment(line);
    }

    /// Where a segment of MAC keys begins, and where a file carries one on.
    bool segment(const Line& line)
    {
        if (trust_.audit_key == nullptr) return true;
        const auto* begins = line.members.if_contains("segment");
        if (begins == nullptr) return true;
        const auto head = begins->is_string() ? head_from(begins->get_string()) : std::nullopt;
        if (!head || head->sequence + 1 > line.sequence()) return wrong("the checkpoint names no segment");
        mac_.emplace(*trust_.audit_key, head->sequence + 1, head->hash);
        for (auto at = head->sequence + 1; at < line.sequence(); ++at) mac_->evolve();
        return true;
    }

    bool authentic(const Line& line)
    {
        if (trust_.audit_key == nullptr) return true;
        if (!mac_) return wrong("the MAC belongs to no segment");
        if (mac_->of(verdict_.last.hash, line.body) != line.mac)
            return wrong("the MAC does not fit: the entry was made by somebody without its key");
        mac_->evolve();
        return true;
    }

    const Trust& trust_;
    const std::function<bool(const Line&)>& each_;
    std::optional<PublicKey> public_key_;
    std::optional<EvolvingMac> mac_;
    std::string file_, first_file_;
    std::size_t line_{0};
    std::uint64_t removed_through_{0};
    bool lost_{false};
    bool enough_{false};
    Verdict verdict_;
};

} // namespace

boost::system::result<std::vector<std::filesystem::path>, std::error_code> files_of(const std::filesystem::path& folder)
{
    std::vector<std::filesystem::path> files;
    std::error_code failed;
    for (std::filesystem::directory_iterator entry{folder, failed}, end; !failed && entry != end;
         entry.increment(failed))
        if (entry->path().extension() == ".log") files.push_back(entry->path());
    // What is gone was taken away; what the disk does not tell may still be there.
    if (failed && failed != std::errc::no_such_file_or_directory) return failed;
    std::ranges::sort(files);
    return files;
}

Verdict verify(const Extent& log, const Trust& trust, const std::function<void(const Line&)>& each)
{
    const std::function<bool(const Line&)> all = [&each](const Line& line) {
        if (each) each(line);
        return true;
    };
    Walk walk{trust, all};
    walk.files(log);
    walk.check_begin();
    return walk.verdict();
}

Verdict read_on(const Extent& rest, const Trust& trust, const std::function<bool(const Line&)>& each)
{
    Walk walk{trust, each};
    walk.files(rest);
    return walk.verdict();
}

Verdict verify(const std::filesystem::path& folder, const Trust& trust, const std::function<void(const Line&)>& each)
{
    const auto files = files_of(folder);
    if (!files) return {.unread = files.error()};
    return verify(Extent{.files = *files}, trust, each);
}

} // namespace sotto::audit
