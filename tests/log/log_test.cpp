#include "log/audit_events.hpp"
#include "log/log.hpp"
#include "log/pseudonym.hpp"
#include "log/sinks.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <atomic>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

using namespace sotto;
using namespace sotto::log;
using namespace std::chrono_literals;

/// Runs `act` with a log of this level and gives back what was written.
template <class Act> std::vector<std::string> lines_of(Level level, Act act)
{
    std::vector<std::string> lines;
    start({.target = Target::stderr_, .level = level, .tap = [&](std::string_view line) { lines.emplace_back(line); }});
    act();
    stop();
    return lines;
}

} // namespace

TEST_CASE("An event is one line with its time, level, name, sentence and fields", "[log]")
{
    const auto lines = lines_of(Level::info, [] { event(Event::ready, field("domains", 1), field("workers", 2U)); });
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].size() > 25);
    CHECK(lines[0][10] == 'T');
    CHECK(lines[0].substr(23) == "Z info ready: clients can connect domains=1 workers=2");
}

TEST_CASE("The journal gets a field for each of the event's", "[log]")
{
    const auto fields = journal_fields("certificate-expires\x1f"
                                       "a certificate ends soon\x1f"
                                       "domain=example.org\x1f"
                                       "days=6",
                                       Level::warning);
    CHECK(fields == std::vector<std::string>{"SYSLOG_IDENTIFIER=sottod", "PRIORITY=4",
                                             "SOTTO_EVENT=certificate-expires", "SOTTO_DOMAIN=example.org",
                                             "SOTTO_DAYS=6",
                                             "MESSAGE=a certificate ends soon domain=example.org days=6"});
}

TEST_CASE("Only events of the level and above are written", "[log]")
{
    const auto lines = lines_of(Level::warning, [] {
        event(Event::ready);
        event(Event::weakened);
        set_level(Level::debug);
        event(Event::accounts_read, field("accounts", 3));
    });
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].find("weakened") != std::string::npos);
    CHECK(lines[1].find("accounts=3") != std::string::npos);
}

TEST_CASE("A personal value never shows, at any level", "[log][privacy]")
{
    const std::string address = "alice@example.org";
    for (const auto level : {Level::debug, Level::info, Level::warning, Level::error}) {
        const auto lines = lines_of(level, [&] {
            for (const auto& row : events()) event(row.event, field("text", Private{address}));
        });
        CHECK_FALSE(lines.empty());
        for (const auto& line : lines) {
            CHECK(line.find("alice") == std::string::npos);
            CHECK(line.find("example.org") == std::string::npos);
            CHECK(line.find("text=~") != std::string::npos);
        }
    }
}

TEST_CASE("A personal value formatted anywhere is a pseudonym, or [private]", "[log][privacy]")
{
    const Private<std::string> name{"bob"};
    CHECK(fmt::format("{}", name) == fmt::format("{}", Private<std::string_view>{"bob"}));
    CHECK(fmt::format("{}", name).size() == 13);
    CHECK(fmt::format("{}", name) != fmt::format("{}", Private<std::string>{"bob "}));
    CHECK(fmt::format("{}", Private<int>{4930}) == "[private]");
}

TEST_CASE("A pseudonym is the same all day and another the next day, even when the day comes back", "[log][privacy]")
{
    using namespace std::chrono;
    const sys_days monday{2026y / November / 23};
    Pseudonyms pseudonyms;
    const auto first = pseudonyms.of("alice@example.org", monday);
    CHECK(pseudonyms.of("alice@example.org", monday) == first);
    CHECK(pseudonyms.of("bob@example.org", monday) != first);
    CHECK(pseudonyms.of("alice@example.org", monday + days{1}) != first);
    // The key of Monday is gone.
    CHECK(pseudonyms.of("alice@example.org", monday) != first);
    Pseudonyms other;
    CHECK(other.of("alice@example.org", monday) != first);
}

TEST_CASE("The next process goes on with today's key, and with no other", "[log][handover]")
{
    using namespace std::chrono_literals;
    const std::chrono::sys_days monday{2026y / std::chrono::November / 23};
    std::optional<DayKey> handed_on;
    const auto keep = [&](const std::optional<DayKey>& key) { handed_on = key; };
    Pseudonyms before;
    before.hand_on({}, monday, keep);
    CHECK_FALSE(handed_on);
    const auto name = before.of("alice", monday);
    REQUIRE(handed_on);
    Pseudonyms same_day, next_day;
    same_day.hand_on(handed_on, monday, {});
    CHECK(same_day.of("alice", monday) == name);
    next_day.hand_on(handed_on, monday + std::chrono::days{1}, {});
    CHECK(next_day.of("alice", monday + std::chrono::days{1}) != name);
    CHECK(next_day.of("alice", monday) != name);
    before.end_day(monday);
    CHECK(handed_on);
    before.end_day(monday + std::chrono::days{1}); // though nothing is logged on that day yet
    CHECK_FALSE(handed_on);
}

TEST_CASE("SipHash-2-4 gives the value of its paper, appendix A", "[log]")
{
    std::string text;
    for (char c = 0; c < 15; ++c) text += c;
    CHECK(siphash({0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL}, text) == 0xa129ca6149be45e5ULL);
}

TEST_CASE("A value cannot pass for another line or field", "[log]")
{
    const std::string text = "a\nb\x1f"
                             "account=c\x7f";
    const auto lines = lines_of(Level::info, [&] { event(Event::weakened, field("text", Plain{text})); });
    REQUIRE(lines.size() == 1);
    CHECK(lines[0].ends_with("text=a?b?account=c?"));
}

TEST_CASE("All threads can log at once, and nothing of it is lost at the end", "[log]")
{
    const auto lines = lines_of(Level::debug, [] {
        std::vector<std::jthread> threads;
        for (int worker = 0; worker < 4; ++worker)
            threads.emplace_back([worker] {
                for (int i = 0; i < 500; ++i)
                    event(Event::keys_rotated, field("workers", worker), field("reason", "idle"));
            });
    });
    CHECK(lines.size() == 2000);
    for (const auto& line : lines) CHECK(line.ends_with("reason=idle"));
}

TEST_CASE("A target that cannot keep up loses lines, and no head of the audit log", "[log][audit]")
{
    constexpr std::uint64_t heads = 100, others = 20'000; // of these more than its queue holds
    std::promise<void> goes_on;
    std::vector<std::string> lines;
    start({.target = Target::stderr_,
           .level = Level::error,
           .tap = [&, held = goes_on.get_future().share()](std::string_view line) {
               held.wait();
               lines.emplace_back(line);
           }});
    for (std::uint64_t i = 0; i < others; ++i) {
        event(Event::internal_error);
        if (i % (others / heads) == 0) audit_head_is(i, "00ff");
    }
    CHECK(lines_lost() > 0);
    goes_on.set_value();
    stop();
    std::vector<std::string> kept;
    std::ranges::copy_if(lines, std::back_inserter(kept),
                         [](const auto& line) { return line.find(" audit-head") != std::string::npos; });
    REQUIRE(kept.size() == heads);
    for (std::uint64_t i = 0; i < heads; ++i) // in their order, at a level that is above theirs
        CHECK(kept[i].find("sequence=" + std::to_string(i * (others / heads)) + " ") != std::string::npos);
    CHECK(lines.size() < heads + others);
}

TEST_CASE("A target that hangs holds nobody up, and says that it takes no more heads", "[log][audit]")
{
    constexpr std::uint64_t heads = 3000; // more than their queue holds
    std::promise<void> goes_on;
    start({.target = Target::stderr_, .tap = [held = goes_on.get_future().share()](std::string_view) { held.wait(); }});
    CHECK(takes_kept_lines());
    auto writing = std::async(std::launch::async, [] {
        std::uint64_t asked_for = 0;
        for (; takes_kept_lines(); ++asked_for) audit_head_is(asked_for, "00ff");
        const auto lost = lines_lost();
        for (std::uint64_t i = 0; i < heads; ++i) audit_head_is(i, "00ff"); // by whoever does not ask
        return std::pair{asked_for, lost};
    });
    const bool nobody_waited = writing.wait_for(20s) == std::future_status::ready;
    CHECK(nobody_waited);
    CHECK(lines_lost() > 0);
    CHECK_FALSE(takes_kept_lines());
    goes_on.set_value();
    const auto [asked_for, lost] = writing.get();
    CHECK(asked_for >= 256);
    CHECK(lost == 0); // who asks loses none
    stop();
    CHECK(takes_kept_lines());
}

TEST_CASE("Heads that standard error refuses are written once it takes lines again", "[log][audit]")
{
    const auto path = std::filesystem::temp_directory_path() / ("sotto-heads-" + std::to_string(::getpid()));
    const int before = ::dup(STDERR_FILENO);
    const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
    const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    REQUIRE((before >= 0 && full >= 0 && file >= 0));
    ::dup2(full, STDERR_FILENO);
    start({.target = Target::stderr_});
    audit_head_is(1, "00ff");
    while (takes_kept_lines()) std::this_thread::yield();
    event(Event::internal_error);
    while (lines_lost() == 0) std::this_thread::yield();
    audit_head_is(2, "00ff"); // by whoever does not ask
    ::dup2(file, STDERR_FILENO);
    while (!takes_kept_lines()) std::this_thread::yield();
    stop();
    ::dup2(before, STDERR_FILENO);
    for (const int descriptor : {before, full, file}) ::close(descriptor);
    std::ifstream in{path};
    const std::string written{std::istreambuf_iterator<char>{in}, {}};
    std::filesystem::remove(path);
    CHECK(written.find("sequence=1 ") < written.find("sequence=2 "));
    CHECK(written.find("sequence=2 ") != std::string::npos);
    CHECK(written.find("internal-error") == std::string::npos);
}

TEST_CASE("A target that refuses lines gets the heads later", "[log][audit]")
{
    std::vector<std::string> taken;
    std::atomic<bool> full{true};
    const auto outlet = std::make_shared<Outlet>([&](const spdlog::details::log_msg& message) {
        if (full) return false;
        taken.emplace_back(message.payload.data(), message.payload.size());
        return true;
    });
    const auto message = [](std::string_view text) {
        return spdlog::details::log_msg{"sotto", spdlog::level::info, {text.data(), text.size()}};
    };
    outlet->put(message("some line"));
    CHECK(outlet->lost() == 1);
    CHECK_FALSE(outlet->refuses());
    auto keeping = std::async(std::launch::async, [&] {
        for (const auto* head : {"first head", "second head"}) outlet->put_for_certain(message(head));
    });
    while (!outlet->refuses()) std::this_thread::yield();
    full = false;
    keeping.get();
    CHECK_FALSE(outlet->refuses());
    CHECK(taken == std::vector<std::string>{"first head", "second head"});
    CHECK(outlet->lost() == 1);

    full = true;
    auto ending = std::async(std::launch::async, [&] { outlet->put_for_certain(message("third head")); });
    while (!outlet->refuses()) std::this_thread::yield();
    outlet->give_up(); // at the end nobody waits for it
    ending.get();
    CHECK(outlet->lost() == 2);
}

TEST_CASE("Bare strings are not loggable: they could identify somebody", "[log][privacy]")
{
    STATIC_REQUIRE_FALSE(Loggable<std::string>);
    STATIC_REQUIRE_FALSE(Loggable<std::string_view>);
    STATIC_REQUIRE_FALSE(Loggable<const char*>);
    STATIC_REQUIRE(Loggable<Private<std::string>>);
    STATIC_REQUIRE(Loggable<int>);
}

TEST_CASE("Every event has a name and a sentence, and only declared fields", "[log][docs]")
{
    for (const auto& row : events()) {
        CHECK_FALSE(row.name.empty());
        CHECK_FALSE(row.sentence.empty());
        std::istringstream names{std::string{row.fields}};
        for (std::string name; names >> name;)
            CHECK(std::ranges::find(declared_fields, std::string_view{name}, &FieldRow::name) !=
                  std::ranges::end(declared_fields));
    }
}

TEST_CASE("The page of events is what stands in the tree", "[log][docs]")
{
    INFO("write it again: event_reference > docs/events.md");
    std::ifstream stream{std::string{SOTTO_SOURCE_DIR} + "/docs/events.md", std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    CHECK(text.str() == event_page());
}
