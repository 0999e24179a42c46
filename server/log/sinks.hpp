#pragma once
#include "log/log.hpp"

#include <spdlog/sinks/sink.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::log {

/// How an event travels through spdlog's queue: name, sentence and "field=value" items, with this between them.
inline constexpr char separator = '\x1f';

/// One line, as on a terminal, without its end: "2026-11-23T09:12:44.031Z info ready: ... domains=1".
std::string line_of(std::string_view payload, Level level, std::chrono::system_clock::time_point time);

/// What the journal gets for one event: "PRIORITY=6", "SOTTO_EVENT=ready", "SOTTO_DOMAINS=1", "MESSAGE=..." and so on.
std::vector<std::string> journal_fields(std::string_view payload, Level level);

/// Gives a line to where the log goes; false: it is refused there.
using Put = std::function<bool(const spdlog::details::log_msg&)>;
Put to_stderr();
/// To the systemd journal with one field for each of the event's; to stderr when there is no journal.
Put to_journal();
Put to_tap(std::function<void(std::string_view)> tap);

/// Where the log goes, for several sinks: a line at a time. Thread-safe.
class Outlet {
public:
    explicit Outlet(Put put) : put_{std::move(put)} {}

    /// One attempt; what is refused is lost.
    void put(const spdlog::details::log_msg& message);
    /// Again and again, until it is taken or `give_up`.
    void put_for_certain(const spdlog::details::log_msg& message);
    void give_up();

    /// While a line that is put for certain is not taken.
    [[nodiscard]] bool refuses() const { return refuses_; }
    /// Lines that were refused and are lost.
    [[nodiscard]] std::uint64_t lost() const { return lost_; }

private:
    bool try_once(const spdlog::details::log_msg& message);

    Put put_;
    std::mutex one_; ///< a line at a time
    std::mutex mutex_;
    std::condition_variable changed_;
    bool given_up_{false}; ///< under `mutex_`
    std::atomic<bool> refuses_{false};
    std::atomic<std::uint64_t> lost_{0};
};

spdlog::sink_ptr make_sink(std::shared_ptr<Outlet> outlet);
/// Whose lines are put for certain: for a thread of its own.
spdlog::sink_ptr make_keeping_sink(std::shared_ptr<Outlet> outlet);

spdlog::level::level_enum spdlog_level(Level level);

} // namespace sotto::log
