#pragma once
#include "log/log.hpp"

#include <spdlog/sinks/sink.h>

#include <chrono>
#include <functional>
#include <memory>
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

spdlog::sink_ptr make_stderr_sink();
/// To the systemd journal with one field for each of the event's; to stderr when there is no journal.
spdlog::sink_ptr make_journal_sink();
spdlog::sink_ptr make_tap_sink(std::function<void(std::string_view)> tap);

spdlog::level::level_enum spdlog_level(Level level);

} // namespace sotto::log
