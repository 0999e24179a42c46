#include "metrics/exposition.hpp"

#include <catch2/catch.hpp>

#include <map>
#include <sstream>
#include <utility>
#include <vector>

using namespace sotto::metrics;

TEST_CASE("What people do is shown in tens, rounded down", "[metrics][privacy]")
{
    for (int i = 0; i < 10; ++i) CHECK(shown(i, Shown::in_tens) == 0);
    CHECK(shown(10, Shown::in_tens) == 10);
    CHECK(shown(19, Shown::in_tens) == 10);
    CHECK(shown(7, Shown::exact) == 7);
}

TEST_CASE("A family is help, type and one line for each sample", "[metrics]")
{
    const std::vector<Measured> all{
        {{"sotto_calls_total", Type::counter, Shown::in_tens, "Calls.", "outcome"}, {{"answered", 129}, {"failed", 9}}},
        {{"sotto_workers", Type::gauge, Shown::exact, "Worker threads."}, {{"", 2}}},
        {{"sotto_nothing", Type::gauge, Shown::exact, "Without samples."}, {}}};
    CHECK(exposition(all) == "# HELP sotto_calls_total Calls.\n"
                             "# TYPE sotto_calls_total counter\n"
                             "sotto_calls_total{outcome=\"answered\"} 120\n"
                             "sotto_calls_total{outcome=\"failed\"} 0\n"
                             "# HELP sotto_workers Worker threads.\n"
                             "# TYPE sotto_workers gauge\n"
                             "sotto_workers 2\n");
}

TEST_CASE("A histogram's buckets add up, and its sum tells no more than they do", "[metrics][privacy]")
{
    const std::vector<double> bounds{0.00005, 1};
    const std::vector<std::uint64_t> buckets{15, 0, 10};
    const std::vector<Measured> all{
        {{"sotto_work_seconds", Type::histogram, Shown::in_tens, "Work."}, {{"", 50.0, bounds, buckets}}}};
    const auto text = exposition(all);
    CHECK(text.find("sotto_work_seconds_bucket{le=\"5e-05\"} 10\n") != std::string::npos);
    CHECK(text.find("sotto_work_seconds_bucket{le=\"1\"} 10\n") != std::string::npos);
    CHECK(text.find("sotto_work_seconds_bucket{le=\"+Inf\"} 20\n") != std::string::npos);
    CHECK(text.find("sotto_work_seconds_count 20\n") != std::string::npos);
    CHECK(text.find("sotto_work_seconds_sum 10.00025\n") !=
          std::string::npos); // the middle of one, the begin of the other

    const std::vector<std::uint64_t> one_more{16, 0, 10};
    const std::vector<Measured> after{
        {{"sotto_work_seconds", Type::histogram, Shown::in_tens, "Work."}, {{"", 50.00003, bounds, one_more}}}};
    CHECK(exposition(after) == text); // one of something does not show

    const std::vector<Measured> exactly{
        {{"sotto_work_seconds", Type::histogram, Shown::exact, "Work."}, {{"", 50.0, bounds, buckets}}}};
    CHECK(exposition(exactly).find("sotto_work_seconds_sum 50\n") != std::string::npos);
}

TEST_CASE("Nothing of a histogram ever falls, in whatever order its samples come", "[metrics][privacy]")
{
    const std::vector<double> bounds{0.001, 0.01, 0.1, 1};
    std::vector<std::uint64_t> buckets(bounds.size() + 1);
    std::map<std::string, double> before;
    std::uint32_t next = 1;
    for (int sample = 0; sample < 2000; ++sample) {
        next = next * 1664525 + 1013904223; // Numerical Recipes
        ++buckets[(next >> 16) % buckets.size()];
        const std::vector<Measured> all{
            {{"sotto_work_seconds", Type::histogram, Shown::in_tens, "Work."}, {{"", 0, bounds, buckets}}}};
        std::istringstream lines{exposition(all)};
        double below = 0;
        for (std::string line; std::getline(lines, line);) {
            if (line.starts_with("#")) continue;
            const auto space = line.rfind(' ');
            const auto name = line.substr(0, space);
            const auto value = std::stod(line.substr(space));
            CAPTURE(sample, name);
            CHECK(value >= std::exchange(before[name], value));
            if (name.find("_bucket") != std::string::npos) CHECK(value >= std::exchange(below, value));
        }
    }
    CHECK(before["sotto_work_seconds_count"] > 1900);
}

TEST_CASE("A label's value cannot break out of its quotes", "[metrics]")
{
    const std::vector<Measured> all{
        {{"sotto_days", Type::gauge, Shown::exact, "Days.", "domain"}, {{"a\"b\\c\nd", 1}}}};
    CHECK(exposition(all).find("{domain=\"a\\\"b\\\\c\\nd\"} 1\n") != std::string::npos);
}
