#include "app/last_run.hpp"

#include "audit/time_text.hpp"

namespace sotto::app {

void LastRun::see(const audit::Line& entry)
{
    const auto what = entry.text("what");
    if (const auto time = audit::time_from(entry.text("believed"))) believed_ = *time;
    const bool begins = entry.text("result").empty(); // its result has a line of its own
    if (what == "trace start" && begins) {
        starting_ = entry.sequence();
        asked_ = entry.text("subject");
        if (!runs_) traced_ = asked_;
    }
    if (what == "trace stop" && begins) stopping_ = entry.sequence();
    if (what == "trace end") {
        starting_ = 0;
        runs_ = false;
    }
    if (const auto* of = entry.members.if_contains("of"); of != nullptr && of->is_int64())
        result(static_cast<std::uint64_t>(of->get_int64()), entry.text("result"));
}

void LastRun::result(std::uint64_t of, std::string_view text)
{
    if (of == starting_) {
        starting_ = 0;
        runs_ = runs_ || text == "done"; // a refused one leaves the one that runs
    }
    if (of == stopping_ && text == "done") runs_ = false;
}

} // namespace sotto::app
