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

/// The process's one log. Replaced only by start and stop, which run while no other thread logs.
struct Running {
    std::shared_ptr<spdlog::details::thread_pool> thread;
    std::shared_ptr<spdlog::logger> logger;
};
Running running; // NOLINT: a log is one for the process
std::atomic<Level> least{Level::info};

spdlog::logger& logger()
{
    static const auto at_once = [] {
        auto made = std::make_shared<spdlog::logger>("sotto", make_stderr_sink());
        made->set_level(spdlog::level::trace);
        return made;
    }();
    return running.logger ? *running.logger : *at_once;
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
    running.thread = std::make_shared<spdlog::details::thread_pool>(queue_length, 1);
    std::vector<spdlog::sink_ptr> sinks;
    if (options.tap)
        sinks.push_back(make_tap_sink(std::move(options.tap)));
    else
        sinks.push_back(options.target == Target::journal ? make_journal_sink() : make_stderr_sink());
    running.logger = std::make_shared<spdlog::async_logger>("sotto", sinks.begin(), sinks.end(), running.thread,
                                                            spdlog::async_overflow_policy::overrun_oldest);
    running.logger->set_level(spdlog::level::trace); // `least` decides
}

void stop()
{
    running.logger.reset();
    running.thread.reset(); // writes what waits
}

void set_level(Level level) { least.store(level, std::memory_order_relaxed); }

bool enabled(Level level) { return level >= least.load(std::memory_order_relaxed); }

std::uint64_t lines_lost() { return running.thread ? running.thread->overrun_counter() : 0; }

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
    logger().log(spdlog_level(row.level), spdlog::string_view_t{payload.data(), payload.size()});
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
