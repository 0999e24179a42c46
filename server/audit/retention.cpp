#include "audit/retention.hpp"

#include <array>

namespace sotto::audit {
namespace {

using std::chrono::months;

// A year shows a yearly pattern and covers one audit. What was looked at to find a fault or abuse is over sooner, as
// the traffic data itself is; what answers to a court or an authority is kept as long as questions about it may come.
// clang-format off
constexpr std::array times{
    Keep{"provision",  months{12}},
    Keep{"operate",    months{12}},
    Keep{"billing",    months{12}},
    Keep{"fault",      months{3}},
    Keep{"abuse",      months{3}},
    Keep{"dispute",    months{12}},
    Keep{"interconnect", months{12}},
    Keep{"legal",      months{36}},
    Keep{"access",     months{36}}, // that a request for access or erasure was answered
    Keep{"retention",  months{36}}, // that data was deleted in time
    Keep{"audit",      months{36}},
};
// clang-format on

} // namespace

std::span<const Keep> keep_times() { return times; }

} // namespace sotto::audit
