#include "ctl/admin/audit_commands.hpp"

#include "ctl/admin/arguments.hpp"
#include "store/address.hpp"

#include <algorithm>
#include <charconv>
#include <limits>
#include <map>
#include <vector>

namespace sotto::ctl {
namespace {

constexpr std::size_t entries_per_page = 500;

json::value opened(const audit::FileAuditLog& log, const audit::Line& line, std::string_view member)
{
    const auto sealed = line.text(member);
    if (sealed.empty()) return nullptr;
    const auto text = log.open(sealed);
    return text ? json::value(*text) : json::value("[forgotten]");
}

struct Filter {
    std::uint64_t from{1};
    std::string since, about, by;

    [[nodiscard]] bool wants(const audit::Line& line) const
    {
        return line.members.contains("purpose") && line.sequence() >= from && line.text("time") >= since &&
               (by.empty() || line.text("name") == by);
    }
};

Filter filter_from(const Arguments& arguments)
{
    Filter filter{.since = arguments.optional_text("since").value_or(""),
                  .about = arguments.optional_text("about").value_or(""),
                  .by = arguments.optional_text("by").value_or("")};
    const auto from = arguments.optional_text("from").value_or("1");
    const auto [end, wrong] = std::from_chars(from.data(), from.data() + from.size(), filter.from);
    if (wrong != std::errc{} || end != from.data() + from.size()) throw WrongArgument{"argument from is no number"};
    return filter;
}

/// An entry as it is shown, as far as its own line tells.
json::object entry_of(const audit::FileAuditLog& log, const audit::Line& line)
{
    const auto* uid = line.members.if_contains("uid");
    const auto result = line.text("result");
    return {{"sequence", line.sequence()},
            {"time", line.text("time")},
            {"name", line.text("name")},
            {"uid", uid != nullptr ? *uid : json::value(nullptr)},
            {"what", line.text("what")},
            {"about", opened(log, line, "subject")},
            {"result", result.empty() ? "unknown" : result},
            {"purpose", line.text("purpose")},
            {"scope", opened(log, line, "scope")},
            {"reason", opened(log, line, "reason")}};
}

std::string place_of(const audit::Bad& bad)
{
    return "entry " + std::to_string(bad.sequence) + " (" + bad.file + ", line " + std::to_string(bad.line) + ")";
}

/// What is wrong with the log; empty: nothing.
std::string sentence_of(const audit::Verdict& broken)
{
    if (broken.unread) return "the audit log cannot be read: " + broken.unread.message();
    if (!broken.bad) return "";
    auto sentence = "the audit log was changed: " + place_of(*broken.bad) + ": " + broken.bad->why +
                    "; the entries before it are good, and those from the next checkpoint on";
    for (const auto& bad : broken.more) sentence += "; then " + place_of(bad) + ": " + bad.why;
    return sentence;
}

/// The entries of one answer, gathered along the log.
class Page {
public:
    Page(const audit::FileAuditLog& log, const Filter& filter, std::size_t most)
        : log_{log}, filter_{filter}, most_{most}
    {
    }

    /// In order.
    void see(const audit::Line& line)
    {
        if (const auto* of = line.members.if_contains("of"); of != nullptr && of->is_int64())
            if (const auto ended = runs_.find(static_cast<std::uint64_t>(of->get_int64())); ended != runs_.end()) {
                found_[ended->second]["result"] = line.text("result");
                runs_.erase(ended);
            }
        if (!next_.empty() || !filter_.wants(line)) return;
        if (!filter_.about.empty() && opened(log_, line, "subject") != json::value(filter_.about)) return;
        if (found_.size() == most_) {
            next_ = std::to_string(line.sequence());
            return;
        }
        if (line.text("result").empty()) runs_[line.sequence()] = found_.size();
        found_.push_back(entry_of(log_, line));
    }
    [[nodiscard]] bool is_whole() const { return !next_.empty() && runs_.empty(); }
    json::array entries() &&
    {
        json::array entries;
        for (auto& entry : found_) entries.push_back(std::move(entry));
        return entries;
    }
    Reply reply(const audit::Verdict& verdict) &&
    {
        return json::object{{"entries", std::move(*this).entries()}, {"broken", sentence_of(verdict)}, {"next", next_}};
    }

private:
    const audit::FileAuditLog& log_;
    const Filter& filter_;
    std::size_t most_;
    std::vector<json::object> found_;
    std::map<std::uint64_t, std::size_t> runs_; ///< those whose result, if there is one, stands on a line of its own
    std::string next_;
};

/// At most `most` entries. The whole log is verified for the first of them; whoever goes on has been told what that
/// found.
Reply show(audit::FileAuditLog& log, const Filter& filter, std::size_t most)
{
    if (filter.from > 1 && !log.broken()) {
        Page page{log, filter, most};
        const auto verdict = log.read_on(filter.from, [&page](const audit::Line& line) {
            page.see(line);
            return !page.is_whole();
        });
        if (!verdict.bad) return std::move(page).reply(verdict);
    }
    Page page{log, filter, most}; // of a log that was changed each page says all that is wrong
    const auto verdict = log.verify([&page](const audit::Line& line) { page.see(line); });
    return std::move(page).reply(verdict);
}

Reply verify(audit::FileAuditLog& log, const Arguments& arguments)
{
    std::vector<audit::Head> noted;
    if (const auto text = arguments.optional_text("head")) {
        const auto head = audit::head_from(*text);
        if (!head) throw WrongArgument{"argument head is not SEQUENCE:HASH, such as 4711:9f86d0... with 64 digits"};
        noted.push_back(*head);
    }
    const auto verdict = log.verify({}, noted);
    if (verdict.bad || verdict.unread) return CommandError{verdict.bad ? "broken" : "unread", sentence_of(verdict)};
    return json::object{{"entries", verdict.entries},
                        {"first", verdict.first},
                        {"last", verdict.last.sequence},
                        {"hash", audit::hex(verdict.last.hash)},
                        {"checkpoints", verdict.checkpoints},
                        {"macs", !log.found().bad && log.found().macs},
                        {"public_key", audit::hex(log.public_key())}};
}

/// What was taken away from the account with that address. In its own domain it is as it was written, also where that
/// has become an alias.
std::string former_of(const std::string& own, const std::string& typed, const Canonical& canonical)
{
    const auto written = store::written_address(typed);
    const auto account = store::written_address(own);
    return written && account && written->domain == account->domain ? written->text() : canonical(typed);
}

} // namespace

store::Outcome<json::array> audited_about(audit::FileAuditLog& log, const std::string& address)
{
    Filter filter;
    filter.about = address;
    Page all{log, filter, std::numeric_limits<std::size_t>::max()};
    const auto verdict = log.verify([&all](const audit::Line& line) { all.see(line); });
    if (verdict.unread) return store::Failure::unavailable; // not that there is nothing
    return std::move(all).entries();
}

store::Outcome<std::vector<std::string>> with_former(audit::FileAuditLog& log, std::vector<std::string> addresses,
                                                     const Canonical& canonical)
{
    for (std::size_t i = 0; i < addresses.size(); ++i) { // it grows meanwhile
        const auto entries = audited_about(log, addresses[i]);
        if (!entries) return entries.error();
        for (const auto& entry : *entries) {
            const auto* scope = entry.at("scope").if_string();
            if (entry.at("what") != json::value("account set") || scope == nullptr) continue;
            if (entry.at("result").as_string().starts_with("refused")) continue; // somebody else's, mistyped
            boost::system::error_code none;
            const auto asked = json::parse(*scope, none);
            const auto* detached = none || !asked.is_object() ? nullptr : asked.get_object().if_contains("detach");
            if (detached == nullptr || !detached->is_array()) continue;
            for (const auto& typed : detached->get_array())
                if (auto former = former_of(addresses[i], std::string{typed.as_string()}, canonical);
                    std::ranges::find(addresses, former) == addresses.end())
                    addresses.push_back(std::move(former));
        }
    }
    return addresses;
}

Handlers audit_commands(audit::FileAuditLog& log, const Canonical& canonical)
{
    Handlers handlers;
    handlers["audit show"] = with_arguments([&log, canonical](const Arguments& arguments, const PeerCredentials&) {
        auto filter = filter_from(arguments);
        filter.about = canonical(filter.about);
        return show(log, filter, entries_per_page);
    });
    handlers["audit verify"] =
        with_arguments([&log](const Arguments& arguments, const PeerCredentials&) { return verify(log, arguments); });
    return handlers;
}

} // namespace sotto::ctl
