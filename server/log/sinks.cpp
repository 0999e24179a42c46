#include "log/sinks.hpp"

#include <fmt/chrono.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>

#include <sys/uio.h>
#include <syslog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION // where in the program it is sent from says nothing: it is always here
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace sotto::log {
namespace {

struct LevelRow {
    Level level;
    spdlog::level::level_enum spdlog;
    int priority; ///< of syslog(3)
};
constexpr std::array levels{
    LevelRow{Level::debug, spdlog::level::debug, LOG_DEBUG},
    LevelRow{Level::info, spdlog::level::info, LOG_INFO},
    LevelRow{Level::warning, spdlog::level::warn, LOG_WARNING},
    LevelRow{Level::error, spdlog::level::err, LOG_ERR},
};

const LevelRow& level_of(spdlog::level::level_enum level)
{
    const auto* found = std::ranges::find(levels, level, &LevelRow::spdlog);
    return found == levels.end() ? levels.back() : *found;
}

std::string_view payload_of(const spdlog::details::log_msg& message)
{
    return {message.payload.data(), message.payload.size()};
}

/// Takes the text up to the next separator away.
std::string_view take_item(std::string_view& payload)
{
    const auto end = std::min(payload.find(separator), payload.size());
    const auto item = payload.substr(0, end);
    payload.remove_prefix(std::min(end + 1, payload.size()));
    return item;
}

bool write_line(const spdlog::details::log_msg& message)
{
    const auto line = line_of(payload_of(message), level_of(message.level).level, message.time) + "\n";
    std::string_view rest{line};
    while (!rest.empty()) {
        const auto written = ::write(STDERR_FILENO, rest.data(), rest.size());
        if (written <= 0) return false; // nobody reads: there is no better place to say so
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

bool send_to_journal(const spdlog::details::log_msg& message)
{
    auto items = journal_fields(payload_of(message), level_of(message.level).level);
    std::vector<iovec> pieces;
    pieces.reserve(items.size());
    for (auto& item : items) pieces.push_back({item.data(), item.size()});
    return sd_journal_sendv(pieces.data(), static_cast<int>(pieces.size())) >= 0 || write_line(message);
}

/// The outlet has a mutex of its own: whoever tries again and again must not keep others out in between.
class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
public:
    using Way = void (Outlet::*)(const spdlog::details::log_msg&);
    Sink(std::shared_ptr<Outlet> outlet, Way way) : outlet_{std::move(outlet)}, way_{way} {}

private:
    void sink_it_(const spdlog::details::log_msg& message) override { ((*outlet_).*way_)(message); }
    void flush_() override {}
    std::shared_ptr<Outlet> outlet_;
    Way way_;
};

} // namespace

bool Outlet::try_once(const spdlog::details::log_msg& message)
{
    const std::lock_guard lock{one_};
    return put_(message);
}

void Outlet::put(const spdlog::details::log_msg& message)
{
    if (!try_once(message)) ++lost_;
}

void Outlet::put_for_certain(const spdlog::details::log_msg& message)
{
    constexpr std::chrono::milliseconds between{200};
    while (!try_once(message)) {
        refuses_ = true;
        std::unique_lock lock{mutex_};
        if (!changed_.wait_for(lock, between, [this] { return given_up_; })) continue;
        ++lost_;
        return;
    }
    refuses_ = false;
}

void Outlet::give_up()
{
    {
        const std::lock_guard lock{mutex_};
        given_up_ = true;
    }
    changed_.notify_all();
}

std::string line_of(std::string_view payload, Level level, std::chrono::system_clock::time_point time)
{
    const auto whole = std::chrono::floor<std::chrono::seconds>(time);
    const auto thousandths = std::chrono::floor<std::chrono::milliseconds>(time - whole).count();
    const auto name = take_item(payload);
    const auto sentence = take_item(payload);
    std::string line =
        fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:03}Z {} {}", fmt::gmtime(whole), thousandths, name_of(level), name);
    // A sentence that begins with the event's own name says it once.
    line += sentence.starts_with(name) ? std::string{sentence.substr(name.size())} : ": " + std::string{sentence};
    while (!payload.empty()) line += " " + std::string{take_item(payload)};
    return line;
}

std::vector<std::string> journal_fields(std::string_view payload, Level level)
{
    const auto name = take_item(payload);
    std::string sentence{take_item(payload)};
    const auto priority = std::ranges::find(levels, level, &LevelRow::level)->priority;
    std::vector<std::string> items{"SYSLOG_IDENTIFIER=sottod", "PRIORITY=" + std::to_string(priority),
                                   "SOTTO_EVENT=" + std::string{name}};
    while (!payload.empty()) {
        const auto item = take_item(payload);
        sentence += " " + std::string{item};
        std::string structured = "SOTTO_" + std::string{item};
        const auto end = structured.begin() + static_cast<std::ptrdiff_t>(structured.find('='));
        std::transform(structured.begin(), end, structured.begin(),
                       [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
        items.push_back(std::move(structured));
    }
    items.push_back("MESSAGE=" + sentence);
    return items;
}

bool there_is_a_journal() { return ::access("/run/systemd/journal/socket", W_OK) == 0; }

Put to_stderr() { return write_line; }
// sd_journal_sendv says nothing when there is no journal.
Put to_journal() { return there_is_a_journal() ? send_to_journal : write_line; }
Put to_tap(std::function<void(std::string_view)> tap)
{
    return [tap = std::move(tap)](const spdlog::details::log_msg& message) {
        tap(line_of(payload_of(message), level_of(message.level).level, message.time));
        return true;
    };
}

spdlog::sink_ptr make_sink(std::shared_ptr<Outlet> outlet)
{
    return std::make_shared<Sink>(std::move(outlet), &Outlet::put);
}
spdlog::sink_ptr make_keeping_sink(std::shared_ptr<Outlet> outlet)
{
    return std::make_shared<Sink>(std::move(outlet), &Outlet::put_for_certain);
}

spdlog::level::level_enum spdlog_level(Level level)
{
    return std::ranges::find(levels, level, &LevelRow::level)->spdlog;
}

} // namespace sotto::log
