#include "log/log.hpp"

#include "log/pseudonym.hpp"
#include "log/sinks.hpp"

#include <spdlog/async.h>
#include <spdlog/async_logger.h>

#include <atomic>
#include <memory>

namespace sotto::log {
namespace {

constexpr std::size_t queue_length = 8192;
/// The room behind `kept_lines` is for what is noted whether or not the target takes it: what the daemon does on its
/// own.
constexpr std::size_t kept_lines = 256, kept_queue_length = 1024;

/// A queue with a thread that empties it.
struct Queue {
    std::shared_ptr<spdlog::details::thread_pool> thread;
    std::shared_ptr<spdlog::logger> logger;

    Queue() = default;
    Queue(std::size_t length, const spdlog::sink_ptr& sink)
        : thread{std::make_shared<spdlog::details::thread_pool>(length, 1)},
          logger{std::make_shared<spdlog::async_logger>("sotto", sink, thread,
                                                        spdlog::async_overflow_policy::overrun_oldest)}
    {
        logger->set_level(spdlog::level::trace); // `least` decides
    }
};

/// The process's one log. Replaced only by start and stop, which run while no other thread logs.
struct Running {
    std::shared_ptr<Outlet> outlet;
    Queue lines;
    Queue kept; ///< what is written at every level, and of which whoever writes asks first (takes_kept_lines)
};
Running running; // NOLINT: a log is one for the process
std::atomic<Level> least{Level::info};

spdlog::logger& logger(bool kept)
{
    static const auto at_once = [] {
        auto made = std::make_shared<spdlog::logger>("sotto", make_sink(std::make_shared<Outlet>(to_stderr())));
        made->set_level(spdlog::level::trace);
        return made;
    }();
    const auto& queued = kept ? running.kept.logger : running.lines.logger;
    return queued ? *queued : *at_once;
}

void append(std::string& payload, std::string_view text)
{
    // A line break or a separator inside a value would let it pass for another line or field.
    for (const char c : text) payload += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
}

} // namespace

void start(Options options)
{
    stop();
    set_level(options.level);
    running.outlet = std::make_shared<Outlet>(options.tap                         ? to_tap(std::move(options.tap))
                                              : options.target == Target::journal ? to_journal()
                                                                                  : to_stderr());
    running.lines = Queue{queue_length, make_sink(running.outlet)};
    running.kept = Queue{kept_queue_length, make_keeping_sink(running.outlet)};
}

void stop()
{
    if (running.outlet) running.outlet->give_up();
    running = {}; // writes what waits
}

void set_level(Level level) { least.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level >= least.load(std::memory_order_relaxed); }

std::uint64_t lines_lost()
{
    if (!running.outlet) return 0;
    return running.lines.thread->overrun_counter() + running.kept.thread->overrun_counter() + running.outlet->lost();
}

bool takes_kept_lines()
{
    return !running.outlet || (!running.outlet->refuses() && running.kept.thread->queue_size() < kept_lines);
}

void write(const EventRow& row, std::span<const Field> fields)
{
    std::string payload{row.name};
    payload += separator;
    payload += row.sentence;
    for (const auto& field : fields) {
        payload += separator;
        payload += field.name;
        payload += '=';
        append(payload, field.value);
    }
    logger(row.always).log(spdlog_level(row.level), spdlog::string_view_t{payload.data(), payload.size()});
}

namespace {

Pseudonyms& pseudonyms()
{
    static Pseudonyms one;
    return one;
}

Pseudonyms::Day today() { return std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now()); }

} // namespace

std::string pseudonym(std::string_view value) { return pseudonyms().of(value); }

void hand_on_day_key(const std::optional<DayKey>& before, Pseudonyms::HandOn tell)
{
    pseudonyms().hand_on(before, today(), std::move(tell));
}

void end_day() { pseudonyms().end_day(today()); }

} // namespace sotto::log
