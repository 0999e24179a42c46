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

/// A folder that is there and cannot be listed, also by root, whom no rights keep out.
class Unlisted {
public:
    explicit Unlisted(fs::path folder) : folder_{std::move(folder)}, away_{folder_.string() + ".away"}
    {
        fs::rename(folder_, away_);
        std::ofstream{folder_} << "in the way\n";
    }
    void end() const
    {
        fs::remove(folder_);
        fs::rename(away_, folder_);
    }

private:
    fs::path folder_, away_;
};

/// The last line of the last file.
void cut_off(const fs::path& folder)
{
    const auto file = files_of(folder)->back();
    const auto text = read(file);
    fs::resize_file(file, text.rfind('\n', text.size() - 2) + 1);
}

} // namespace

TEST_CASE("entries are added while somebody reads the log, and the reading is of the log as it was", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    auto now = Time{std::chrono::sys_days{2026y / 1 / 15}};
    FileAuditLog log{{.folder = folder.path, .file_bytes = 4096, .now = [&now] { return now; }}, key, {}};
    for (int i = 0; i < 20; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    const auto before = log.head();
    const auto files = files_of(folder.path)->size();

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
    CHECK(files_of(folder.path)->size() > files);
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
        auto text = read(files_of(folder.path)->front());
        const auto at = text.find("olga"); // of the first entry, which stands behind a checkpoint
        REQUIRE(at != std::string::npos);
        text.replace(at, 4, "paul");
        std::ofstream{files_of(folder.path)->front(), std::ios::binary} << text;
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
    std::ofstream{files_of(folder.path)->front(), std::ios::binary} << "nothing of it is left\n";
    std::promise<void> said;
    std::atomic<int> times{0};
    const SelfCheck check{log, 1ms, [&](const std::string&) {
                              if (++times == 1) said.set_value();
                          }};
    CHECK(said.get_future().wait_for(patience) == std::future_status::ready);
}

TEST_CASE("a log that cannot be read at the start was not changed, and goes on where it ended once it can", "[audit]")
{
    const Folder folder;
    const auto log_folder = folder.path / "audit";
    const auto key = audit_key();
    Head noted;
    Head last;
    {
        FileAuditLog log{{.folder = log_folder}, key, {}};
        for (int i = 0; i < 3; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
        noted = log.head();
        REQUIRE(log.record(alice_shown, "done").has_value());
        last = log.head();
    }
    const Unlisted unlisted{log_folder};
    int times = 0;
    FileAuditLog log{
        {.folder = log_folder, .on_broken = [&](const Bad&) { ++times; }}, key, {GENERATE_COPY(noted, last)}};
    CHECK(log.found().unread == std::errc::not_a_directory);
    CHECK_FALSE(log.found().bad);
    CHECK_FALSE(log.found().macs);
    CHECK(log.verify().unread == std::errc::not_a_directory);
    CHECK(log.record(alice_shown, "done").error() == std::errc::not_a_directory);
    CHECK_FALSE(log.broken());

    unlisted.end();
    SECTION("nobody has touched it")
    {
        CHECK_FALSE(log.verify().bad);
        for (int i = 0; i < 3; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
        const auto verdict = log.verify();
        CHECK_FALSE(verdict.bad);
        CHECK_FALSE(verdict.unread);
        CHECK(verdict.last == log.head());
        CHECK(log.head().sequence == last.sequence + 4); // with the checkpoint that begins a file
        const auto with_key = verify(log_folder, {.audit_key = &key, .heads = {last, log.head()}});
        CHECK_FALSE(with_key.bad);
        CHECK_FALSE(log.broken());
        CHECK(times == 0);
    }
    SECTION("a crash has left half an entry in it")
    {
        std::ofstream{files_of(log_folder)->back(), std::ios::app} << R"({"seq":6,"time":"20)";
        REQUIRE(log.record(alice_shown, "done").has_value());
        CHECK_FALSE(log.verify().bad);
        CHECK_FALSE(log.broken());
    }
    SECTION("it was cut off meanwhile")
    {
        cut_off(log_folder);
        cut_off(log_folder);
        REQUIRE(log.record(alice_shown, "done").has_value());
        CHECK(log.broken());
        CHECK(log.verify().bad);
        CHECK(times == 1);
    }
}

TEST_CASE("a log that cannot be read at the hourly look is said to be, and one that was cut off is an alarm", "[audit]")
{
    const Folder folder;
    const auto log_folder = folder.path / "audit";
    std::promise<Bad> broken;
    FileAuditLog log{
        {.folder = log_folder, .on_broken = [&](const Bad& bad) { broken.set_value(bad); }}, audit_key(), {}};
    for (int i = 0; i < 3; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    const Unlisted unlisted{log_folder};
    std::promise<std::string> unread;
    std::atomic<int> times{0};
    const SelfCheck check{log, 1ms, [&](const std::string& why) {
                              if (++times == 1) unread.set_value(why);
                          }};
    auto why = unread.get_future();
    REQUIRE(why.wait_for(patience) == std::future_status::ready);
    CHECK(why.get() == "Not a directory");
    CHECK_FALSE(log.broken());
    fs::remove_all(folder.path / "audit.away" / "000000000001.log"); // what the folder held, behind its back
    unlisted.end();
    CHECK(broken.get_future().wait_for(patience) == std::future_status::ready);
    CHECK(log.broken());
}

TEST_CASE("whoever comes back for more reads on where the entry is, up to what is enough", "[audit]")
{
    const Folder folder;
    FileAuditLog log{{.folder = folder.path, .file_bytes = 4096}, audit_key(), {}};
    for (int i = 0; i < 100; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    REQUIRE(files_of(folder.path)->size() > 8);
    const auto all = log.verify().entries;
    const auto per_file = 2 * all / files_of(folder.path)->size();
    for (std::uint64_t from = 1; from <= all; ++from) {
        std::vector<std::uint64_t> read;
        const auto verdict = log.read_on(from, [&](const Line& line) {
            if (line.sequence() >= from) read.push_back(line.sequence());
            return read.size() < 3;
        });
        CAPTURE(from);
        REQUIRE_FALSE(verdict.bad);
        REQUIRE(read.front() == from);
        REQUIRE(read.size() == std::min<std::uint64_t>(3, all - from + 1));
        REQUIRE(verdict.entries <= per_file + 3);
    }
    const auto to_the_end = [&log](std::uint64_t from) { return log.read_on(from, [](const Line&) { return true; }); };
    CHECK(to_the_end(1).entries == all);
    SECTION("an entry that was changed is found by whoever reads it")
    {
        const auto files = *files_of(folder.path);
        auto text = read(files[4]);
        text.replace(text.find("olga"), 4, "paul");
        std::ofstream{files[4], std::ios::binary} << text;
        CHECK_FALSE(to_the_end(all - 1).bad);
        CHECK_FALSE(log.broken());
        CHECK(to_the_end(all / 4).bad);
        CHECK(log.broken());
    }
    SECTION("so is an end that was cut off")
    {
        cut_off(folder.path);
        CHECK_FALSE(log.read_on(all / 2, [](const Line&) { return false; }).bad);
        CHECK(to_the_end(all / 2).bad);
        CHECK(log.broken());
    }
}

TEST_CASE("a folder that is gone holds nothing, and is a log that was cut off", "[audit]")
{
    const Folder folder;
    FileAuditLog log{{.folder = folder.path / "audit"}, audit_key(), {}};
    REQUIRE(log.record(alice_shown, "done").has_value());
    fs::remove_all(folder.path / "audit");
    CHECK(log.verify().bad);
    CHECK(log.broken());
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
