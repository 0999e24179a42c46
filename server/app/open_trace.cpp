#include "app/open_trace.hpp"

namespace sotto::app {

void OpenTrace::see(const audit::Line& entry)
{
    const auto what = entry.text("what");
    if (what == "trace start") starting_ = entry.sequence();
    if (what == "trace stop") stopping_ = entry.sequence();
    if (what == "trace end") {
        starting_ = 0;
        runs_ = false;
    }
    if (const auto* of = entry.members.if_contains("of"); of != nullptr && of->is_int64())
        result(static_cast<std::uint64_t>(of->get_int64()), entry.text("result"));
}

void OpenTrace::result(std::uint64_t of, std::string_view text)
{
    if (of == starting_) {
        starting_ = 0;
        runs_ = runs_ || text == "done"; // a refused one leaves the one that runs
    }
    if (of == stopping_ && text == "done") runs_ = false;
}

} // namespace sotto::app
