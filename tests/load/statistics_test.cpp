#include "load/statistics.hpp"

#include <catch2/catch.hpp>

using namespace sotto::load;
using namespace std::chrono_literals;

TEST_CASE("percentiles are right within a thirty-second")
{
    Histogram histogram;
    CHECK(histogram.percentile(0.99) == 0);
    for (int us = 1; us <= 100'000; ++us) histogram.record(std::chrono::microseconds{us});
    CHECK(histogram.count() == 100'000);
    CHECK(histogram.max() == 100'000);
    for (const double share : {0.5, 0.9, 0.99, 0.999}) {
        const auto right = share * 100'000;
        CHECK(static_cast<double>(histogram.percentile(share)) >= right);
        CHECK(static_cast<double>(histogram.percentile(share)) <= right * 33 / 32 + 1);
    }
    CHECK(histogram.percentile(1) == 100'000);
}

TEST_CASE("one sample is every percentile, and no value is too large or too small")
{
    Histogram histogram;
    histogram.record(-5ns);
    CHECK(histogram.percentile(0.5) == 0);
    histogram.record(24h);
    CHECK(histogram.percentile(1) == 86'400'000'000);
}
