#include "a_log.hpp"
#include "audit/self_check.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <optional>

using namespace sotto;
using namespace sotto::audit;
using namespace sotto::test;
using namespace std::chrono_literals;

namespace {

/// Longer than any entry takes; a writer that waits for the reader is still waiting then.
constexpr auto patience = 20s;

} // namespace

TEST_CASE("entries are added while somebody reads the log, and the reading is of the log as it was", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    auto now = Time{std::chrono::sys_days{2026y / 1 / 15}};
    FileAuditLog log{{.folder = folder.path, .file_bytes = 4096, .now = [&now] { return now; }}, key, {}};
    for (int i = 0; i < 20; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    const auto before = log.head();
    const auto files = files_of(folder.path).size();

    std::optional<Written> begun;
    const auto verdict = log.verify([&](const Line&) {
        if (begun) return; // at the first entry, with all others to come
        auto writing = std::async(std::launch::async, [&log] {
            for (int i = 0; i < 20; ++i) static_cast<void>(log.record(alice_shown, "done")); // into new files, too
            return log.begin(alice_shown);
        });
        REQUIRE(writing.wait_for(patience) == std::future_status::ready);
        begun = writing.get();
    });
    REQUIRE(begun);
    CHECK(begun->has_value());
    CHECK_FALSE(verdict.bad);
    CHECK(verdict.last == before);
    CHECK(files_of(folder.path).size() > files);
    CHECK(log.verify().last == log.head());
}

TEST_CASE("a change is noticed without anybody asking, and said once", "[audit]")
{
    const Folder folder;
    std::promise<Bad> said;
    std::atomic<int> times{0};
    FileAuditLog log{{.folder = folder.path,
                      .on_broken =
                          [&](const Bad& bad) {
                              if (++times == 1) said.set_value(bad);
                          }},
                     audit_key(),
                     {}};
    for (int i = 0; i < 3; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    {
        const SelfCheck check{log, 1ms, [](const auto&) {}};
        CHECK_FALSE(log.broken());
        auto text = read(files_of(folder.path).front());
        const auto at = text.find("olga"); // of the first entry, which stands behind a checkpoint
        REQUIRE(at != std::string::npos);
        text.replace(at, 4, "paul");
        std::ofstream{files_of(folder.path).front(), std::ios::binary} << text;
        const auto bad = said.get_future();
        REQUIRE(bad.wait_for(patience) == std::future_status::ready);
    }
    CHECK(log.broken());
    REQUIRE(log.verify().bad);
    CHECK(log.verify().bad->sequence == 2); // behind the checkpoint that begins the file
    CHECK(times == 1);
}

TEST_CASE("a check that cannot be ended ends nothing else, and is said", "[audit]")
{
    const Folder folder;
    FileAuditLog log{{.folder = folder.path, .on_broken = [](const Bad&) { throw std::bad_alloc{}; }}, audit_key(), {}};
    REQUIRE(log.record(alice_shown, "done").has_value());
    std::ofstream{files_of(folder.path).front(), std::ios::binary} << "nothing of it is left\n";
    std::promise<void> said;
    std::atomic<int> times{0};
    const SelfCheck check{log, 1ms, [&](const std::exception&) {
                              if (++times == 1) said.set_value();
                          }};
    CHECK(said.get_future().wait_for(patience) == std::future_status::ready);
}

TEST_CASE("files whose time is over stay until nobody reads them; their keys do not", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    auto now = Time{std::chrono::sys_days{2026y / 1 / 15}};
    FileAuditLog log{{.folder = folder.path, .file_bytes = 4096, .now = [&now] { return now; }}, key, {}};
    for (int i = 0; i < 20; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    now += std::chrono::days{400};
    for (int i = 0; i < 20; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    const std::array keep{Keep{"provision", std::chrono::months{2}}};

    std::string first;
    bool tried = false;
    const auto verdict = log.verify([&](const Line& line) {
        if (first.empty()) first = line.text("subject");
        if (std::exchange(tried, true)) return;
        auto expiring = std::async(std::launch::async, [&] { return log.expire(keep); });
        REQUIRE(expiring.wait_for(patience) == std::future_status::ready);
        CHECK(expiring.get().value() == 0);
    });
    CHECK_FALSE(verdict.bad);
    CHECK_FALSE(log.open(first));
    CHECK(log.expire(keep).value() > 0);
    CHECK_FALSE(log.verify().bad);
}
