#include "load/report.hpp"

#include <array>
#include <boost/json.hpp>
#include <cstdio>

namespace sotto::load {
namespace {

constexpr std::array<std::string_view, 7> profile_names{"register", "call",  "message", "handshake",
                                                        "idle",     "storm", "mixed"};

double per(double sum, std::uint64_t count) { return count == 0 ? 0 : sum / static_cast<double>(count); }

std::string figure(double value, int decimals)
{
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.*f", decimals, value);
    return text.data();
}

void line(std::string& text, std::string_view name, const std::string& value)
{
    text += "  ";
    text += name;
    text.append(name.size() < 28 ? 28 - name.size() : 1, ' ');
    text += value;
    text += '\n';
}

} // namespace

std::string_view name_of(Profile profile) { return profile_names[static_cast<std::size_t>(profile)]; }

std::string as_text(const Options& options, const Measured& measured)
{
    const auto& tally = measured.tally;
    auto text = std::string{name_of(options.profile)} + (options.floor ? " (echo floor)\n" : "\n");
    line(text, "lines, connections", std::to_string(measured.lines) + ", " + std::to_string(measured.connections));
    if (measured.preparation_seconds) line(text, "prepared in", figure(*measured.preparation_seconds, 2) + " s");
    line(text, "operations",
         std::to_string(tally.operations) + " in " + figure(measured.lasted.count(), 2) + " s, " +
             figure(static_cast<double>(tally.operations) / measured.lasted.count(), 1) + "/s");
    if (measured.back_after_seconds) line(text, "all back after", figure(*measured.back_after_seconds, 2) + " s");
    for (const auto& [name, histogram] : tally.latencies)
        line(text, name + " us",
             "p50 " + std::to_string(histogram.percentile(0.5)) + ", p90 " + std::to_string(histogram.percentile(0.9)) +
                 ", p99 " + std::to_string(histogram.percentile(0.99)) + ", p99.9 " +
                 std::to_string(histogram.percentile(0.999)) + ", max " + std::to_string(histogram.max()));
    if (measured.server) {
        line(text, "server CPU per operation", figure(per(measured.server->cpu_us, tally.operations), 1) + " us");
        line(text, "server PSS",
             std::to_string(measured.server->pss_kib_before) + " -> " + std::to_string(measured.server->pss_kib_after) +
                 " KiB");
        line(text, "server descriptors",
             std::to_string(measured.server->descriptors_before) + " -> " +
                 std::to_string(measured.server->descriptors_after));
        if (const auto slope = measured.server->own_kib_per_hour)
            line(text, "server memory, slope", figure(*slope, 1) + " KiB an hour");
        if (const auto slope = measured.server->descriptors_per_hour)
            line(text, "server descriptors, slope", figure(*slope, 1) + " an hour");
    }
    if (measured.pss_kib_per_connection)
        line(text, "PSS per idle connection", figure(*measured.pss_kib_per_connection, 2) + " KiB");
    for (const auto& [answer, count] : tally.answers) line(text, "answer " + answer, std::to_string(count));
    if (tally.refused > 0) line(text, "refused with 503", std::to_string(tally.refused));
    if (tally.missed > 0) line(text, "missed (no caller free)", std::to_string(tally.missed));
    if (tally.retries > 0) line(text, "connections tried again", std::to_string(tally.retries));
    for (const auto& [kind, count] : tally.errors) line(text, "ERROR " + kind, std::to_string(count));
    line(text, "errors", std::to_string(tally.error_count()));
    return text;
}

std::string as_json(const Options& options, const Measured& measured)
{
    const auto& tally = measured.tally;
    boost::json::object errors;
    for (const auto& [kind, count] : tally.errors) errors[kind] = count;
    boost::json::object answers;
    for (const auto& [kind, count] : tally.answers) answers[kind] = count;
    boost::json::object latencies;
    for (const auto& [name, histogram] : tally.latencies)
        latencies[name] = {{"count", histogram.count()},          {"p50", histogram.percentile(0.5)},
                           {"p90", histogram.percentile(0.9)},    {"p99", histogram.percentile(0.99)},
                           {"p999", histogram.percentile(0.999)}, {"max", histogram.max()}};
    boost::json::object json{{"profile", name_of(options.profile)},
                             {"floor", options.floor},
                             {"lines", measured.lines},
                             {"connections", measured.connections},
                             {"operations", tally.operations},
                             {"seconds", measured.lasted.count()},
                             {"per_second", static_cast<double>(tally.operations) / measured.lasted.count()},
                             {"latency_us", std::move(latencies)},
                             {"answers", std::move(answers)},
                             {"refused", tally.refused},
                             {"missed", tally.missed},
                             {"retries", tally.retries},
                             {"error_count", tally.error_count()},
                             {"errors", std::move(errors)}};
    if (measured.preparation_seconds) json["preparation_seconds"] = *measured.preparation_seconds;
    if (measured.back_after_seconds) json["back_after_seconds"] = *measured.back_after_seconds;
    if (measured.server) {
        json["server"] = {{"cpu_us", measured.server->cpu_us},
                          {"cpu_us_per_operation", per(measured.server->cpu_us, tally.operations)},
                          {"pss_kib_before", measured.server->pss_kib_before},
                          {"pss_kib_after", measured.server->pss_kib_after},
                          {"descriptors_before", measured.server->descriptors_before},
                          {"descriptors_after", measured.server->descriptors_after}};
        auto& server = json["server"].as_object();
        if (const auto slope = measured.server->own_kib_per_hour) server["own_kib_per_hour"] = *slope;
        if (const auto slope = measured.server->descriptors_per_hour) server["descriptors_per_hour"] = *slope;
    }
    if (measured.pss_kib_per_connection) json["pss_kib_per_connection"] = *measured.pss_kib_per_connection;
    return boost::json::serialize(json) + "\n";
}

} // namespace sotto::load
