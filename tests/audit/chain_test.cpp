#include "a_log.hpp"

#include <catch2/catch.hpp>
#include <map>
#include <numeric>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>

using namespace sotto;
using namespace sotto::audit;
using namespace sotto::test;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;
namespace fs = std::filesystem;

namespace {

/// How much of each file a power cut would leave.
std::map<fs::path, std::uintmax_t>& flushed()
{
    static std::map<fs::path, std::uintmax_t> sizes;
    return sizes;
}

} // namespace

/// In place of the library's: what is not flushed is gone after a power cut.
extern "C" int fdatasync(int descriptor)
{
    struct stat file {};
    if (::fstat(descriptor, &file) == 0)
        flushed()[fs::read_symlink("/proc/self/fd/" + std::to_string(descriptor))] =
            static_cast<std::uintmax_t>(file.st_size);
    return static_cast<int>(::syscall(SYS_fdatasync, descriptor));
}

namespace {

void replace(const fs::path& file, const std::string& text) { std::ofstream{file, std::ios::binary} << text; }

std::vector<std::string> lines_of(const std::string& text)
{
    std::vector<std::string> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(line + "\n");
    return lines;
}

/// A log of one run: begin, end, record and checkpoint.
struct Written5 {
    Folder folder;
    Head head;
    Written5()
    {
        const auto key = audit_key();
        FileAuditLog log{{.folder = folder.path}, key, {}};
        const auto begun = log.begin(alice_shown);
        REQUIRE(begun.has_value());
        log.end(*begun, "done");
        REQUIRE(
            log.record({.who = {0, "sottod"}, .what = "retention run", .purpose = "audit"}, "done rows=3").has_value());
        log.checkpoint();
        head = log.head();
    }
    [[nodiscard]] fs::path file() const { return folder.path / "000000000001.log"; }
    /// What an auditor with nothing but the folder, the public key and the head from elsewhere finds.
    [[nodiscard]] Verdict verdict() const
    {
        const auto key = audit_key();
        return verify(folder.path, {.public_key = Signer{key}.public_key(), .heads = {head}});
    }
};

} // namespace

TEST_CASE("a log that nobody touched is good, with and without the key")
{
    const Written5 log;
    const auto good = log.verdict();
    CHECK_FALSE(good.bad);
    CHECK(good.entries == 5);
    CHECK(good.checkpoints == 2);
    CHECK(good.last == log.head);
    const auto key = audit_key();
    const auto with_key = verify(log.folder.path, {.audit_key = &key, .heads = {log.head}});
    CHECK_FALSE(with_key.bad);
    CHECK(with_key.macs);
}

TEST_CASE("each changed byte is found, and the entry that it belongs to is named")
{
    const Written5 log;
    const auto text = read(log.file());
    const auto lines = lines_of(text);
    REQUIRE(lines.size() == 5);
    std::uint64_t sequence = 1;
    std::size_t end = lines[0].size();
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (at == end) end += lines[sequence++].size();
        const auto flip = 1U << (at % 8);
        auto changed = text;
        changed[at] = static_cast<char>(static_cast<unsigned char>(changed[at]) ^ flip);
        replace(log.file(), changed);
        const auto verdict = log.verdict();
        CAPTURE(at, flip);
        REQUIRE(verdict.bad);
        REQUIRE(verdict.bad->sequence == sequence);
    }
}

TEST_CASE("dropped, swapped, repeated and inserted entries are found")
{
    const Written5 log;
    const auto lines = lines_of(read(log.file()));
    for (std::size_t at = 0; at < lines.size(); ++at) {
        auto dropped = lines;
        dropped.erase(dropped.begin() + static_cast<std::ptrdiff_t>(at));
        std::string text;
        for (const auto& line : dropped) text += line;
        replace(log.file(), text);
        REQUIRE(log.verdict().bad);
        CHECK(log.verdict().bad->sequence == at + 1);

        auto repeated = lines;
        repeated.insert(repeated.begin() + static_cast<std::ptrdiff_t>(at), lines[at]);
        text.clear();
        for (const auto& line : repeated) text += line;
        replace(log.file(), text);
        REQUIRE(log.verdict().bad);
        CHECK(log.verdict().bad->sequence == at + 2);

        if (at + 1 == lines.size()) continue;
        auto swapped = lines;
        std::swap(swapped[at], swapped[at + 1]);
        text.clear();
        for (const auto& line : swapped) text += line;
        replace(log.file(), text);
        REQUIRE(log.verdict().bad);
        CHECK(log.verdict().bad->sequence == at + 1);
    }
}

TEST_CASE("a log that was cut at any byte is found, its head being known")
{
    const Written5 log;
    const auto text = read(log.file());
    for (std::size_t length = 0; length < text.size(); ++length) {
        fs::resize_file(log.file(), length);
        CAPTURE(length);
        REQUIRE(log.verdict().bad);
        replace(log.file(), text);
    }
    fs::remove(log.file());
    REQUIRE(log.verdict().bad);
    CHECK(log.verdict().bad->sequence == 1);
}

TEST_CASE("an older copy in place of the log is found at the next start")
{
    const Folder folder;
    const auto key = audit_key();
    Head head;
    std::string older;
    {
        FileAuditLog log{{.folder = folder.path}, key, {}};
        REQUIRE(log.record(alice_shown, "done").has_value());
        older = read(folder.path / "000000000001.log");
        REQUIRE(log.record(alice_shown, "refused").has_value());
        head = log.head();
    }
    replace(folder.path / "000000000001.log", older);
    FileAuditLog log{{.folder = folder.path}, key, {head}};
    REQUIRE(log.found().bad);
    CHECK(log.found().bad->sequence == head.sequence);
    // Work goes on, and the hole stays where it is.
    REQUIRE(log.record(alice_shown, "done").has_value());
    REQUIRE(log.verify().bad);
    CHECK(log.verify().bad->sequence == head.sequence);
}

TEST_CASE("behind an entry that was changed the log can be read from the next checkpoint on", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    FileAuditLog log{{.folder = folder.path, .entries_per_checkpoint = 4}, key, {}};
    for (int i = 0; i < 12; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    const auto file = folder.path / "000000000001.log";
    const auto lines = lines_of(read(file));
    const auto change = [&](std::initializer_list<std::size_t> entries) {
        std::string text;
        for (std::size_t i = 0; i < lines.size(); ++i) {
            auto line = lines[i];
            for (const auto entry : entries)
                if (i + 1 == entry) line[line.find("account show") + 8] = 'S';
            text += line;
        }
        replace(file, text);
    };
    const auto seen = [&](const Verdict& verdict, const std::vector<std::uint64_t>& entries) {
        CHECK(verdict.last == log.head());
        return entries;
    };
    std::vector<std::uint64_t> entries;
    const auto look = [&] {
        entries.clear();
        return log.verify([&](const Line& line) { entries.push_back(line.sequence()); });
    };
    std::vector<std::uint64_t> checkpoints;
    for (const auto& line : lines)
        if (const auto taken = take_apart(std::string_view{line}.substr(0, line.size() - 1)))
            if (taken->text("what") == "checkpoint") checkpoints.push_back(taken->sequence());
    REQUIRE(checkpoints.size() >= 3);

    change({2});
    auto verdict = look();
    REQUIRE(verdict.bad);
    CHECK(verdict.bad->sequence == 2);
    CHECK(verdict.more.empty());
    CHECK(seen(verdict, entries).at(1) == checkpoints[1]); // after the first entry, which is good

    change({2, static_cast<std::size_t>(checkpoints[1]) + 1}); // a second place is found, too
    verdict = look();
    REQUIRE(verdict.more.size() == 1);
    CHECK(verdict.bad->sequence == 2);
    CHECK(verdict.more.front().sequence == checkpoints[1] + 1);

    auto spoiled = lines; // a checkpoint whose signature still fits is named once
    auto& checkpoint = spoiled[static_cast<std::size_t>(checkpoints[1]) - 1];
    checkpoint.replace(checkpoint.find("\"time\":\"") + 8, 4, "1999");
    replace(file, std::accumulate(spoiled.begin(), spoiled.end(), std::string{}));
    verdict = look();
    REQUIRE(verdict.bad);
    CHECK(verdict.bad->sequence == checkpoints[1]);
    CHECK(verdict.more.empty());

    // Whoever has no key cannot lead the reader on with a checkpoint of his own.
    const crypto::Secret wrong{std::array<std::uint8_t, 32>{9}};
    const Head before{lines.size() + 5, Hash{}};
    const auto forged = chained({{"seq", before.sequence + 1},
                                 {"time", ""},
                                 {"what", "checkpoint"},
                                 {"previous", hex(before.hash)},
                                 {"public_key", hex(log.public_key())},
                                 {"signature", hex(Signer{wrong}.sign(crypto::as_bytes(signed_text(before))))}},
                                before.hash, EvolvingMac{wrong, 1, before.hash});
    std::string text;
    for (const auto& line : lines) text += line;
    replace(file, text + forged.line);
    const auto forged_verdict = verify(folder.path, {.public_key = log.public_key()});
    REQUIRE(forged_verdict.bad);
    CHECK(forged_verdict.last == log.head());
}

TEST_CASE("what somebody has spoiled is not in the way of the next entry, and not lost", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    Head head;
    {
        FileAuditLog log{{.folder = folder.path}, key, {}};
        REQUIRE(log.record(alice_shown, "done").has_value());
        head = log.head();
    }
    {
        FileAuditLog log{{.folder = folder.path}, key, {head}};
        for (int i = 0; i < 3; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    }
    const auto second = files_of(folder.path)->back();
    auto text = read(second);
    text[2] = 'X';
    replace(second, text);
    FileAuditLog log{{.folder = folder.path}, key, {head}}; // an older database knows nothing of the second file
    REQUIRE(log.found().bad);
    REQUIRE(log.record(alice_shown, "done").has_value());
    bool kept = false;
    for (const auto& file : fs::directory_iterator{folder.path}) kept = kept || read(file.path()) == text;
    CHECK(kept);
    CHECK(log.broken());
}

TEST_CASE("a calendar that jumps ends no key before its time", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    const Time before{std::chrono::sys_days{2026y / 11 / 25}};
    Time now = before;
    FileAuditLog log{
        {.folder = folder.path, .file_bytes = 2048, .now = [&now] { return now; }, .believed = [&] { return before; }},
        key,
        {}};
    for (int i = 0; i < 8; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
    now = std::chrono::sys_days{2040y / 1 / 1};
    REQUIRE(log.record(alice_shown, "done").has_value());
    const auto files = files_of(folder.path)->size();
    const std::array keep{Keep{"provision", std::chrono::months{12}}};
    CHECK(log.expire(keep).value() == 0);
    CHECK(files_of(folder.path)->size() == files);
    std::size_t readable = 0;
    std::string believed;
    log.verify([&](const Line& line) {
        if (line.text("what") == "checkpoint") believed = line.text("believed");
        readable += log.open(line.text("subject")) == "alice@example.org" ? 1 : 0;
    });
    CHECK(readable == 9);
    CHECK(believed == "2026-11-25T00:00:00.000Z"); // for the next process
}

TEST_CASE("a calendar that is set back takes nothing from the log", "[audit]")
{
    const Folder folder;
    const auto key = audit_key();
    const Time believed{std::chrono::sys_days{2026y / 11 / 25}};
    Time now = believed;
    const FileAuditLog::Options options{
        .folder = folder.path, .now = [&now] { return now; }, .believed = [&] { return believed; }};
    Head head;
    for (const auto start : {2026y / 11 / 25, 1990y / 1 / 1, 1990y / 1 / 2}) {
        now = std::chrono::sys_days{start};
        FileAuditLog log{options, key, {head}};
        REQUIRE(log.record(alice_shown, "done").has_value());
        head = log.head();
    }
    FileAuditLog log{options, key, {head}};
    const std::array keep{Keep{"provision", std::chrono::months{12}}};
    CHECK(log.expire(keep).value() == 0);
    std::size_t readable = 0;
    log.verify([&](const Line& line) { readable += log.open(line.text("subject")) == "alice@example.org" ? 1 : 0; });
    CHECK(readable == 3);
}

TEST_CASE("whoever has the file but no key cannot write an entry that passes")
{
    const Written5 log;
    const auto key = audit_key();
    const crypto::Secret wrong{std::array<std::uint8_t, 32>{9}};
    auto lines = lines_of(read(log.file()));
    // The last record is written again, with hashes that fit, and a checkpoint of another key after it.
    Hash previous{};
    for (std::size_t i = 0; i < 3; ++i)
        previous = take_apart(std::string_view{lines[i]}.substr(0, lines[i].size() - 1))->hash;
    const EvolvingMac mac{wrong, 1, previous};
    const auto forged = chained({{"seq", 4}, {"time", ""}, {"what", "nothing"}}, previous, mac);
    replace(log.file(), lines[0] + lines[1] + lines[2] + forged.line);
    const auto with_key = verify(log.folder.path, {.audit_key = &key});
    REQUIRE(with_key.bad);
    CHECK(with_key.bad->sequence == 4);
    CHECK_THAT(with_key.bad->why, Contains("MAC"));
    CHECK(log.verdict().bad); // without the key: by the head that is known from elsewhere
}

TEST_CASE("the log goes on over restarts and new files, and old files go when all in them is over")
{
    const Folder folder;
    const auto key = audit_key();
    auto now = Time{std::chrono::sys_days{2026y / 1 / 15}};
    Head head;
    for (int month = 0; month < 12; ++month, now += std::chrono::days{30}) {
        FileAuditLog log{{.folder = folder.path, .file_bytes = 4096, .now = [&now] { return now; }}, key, {head}};
        REQUIRE_FALSE(log.found().bad);
        for (int i = 0; i < 20; ++i) REQUIRE(log.record(alice_shown, "done").has_value());
        head = log.head();
    }
    CHECK(files_of(folder.path)->size() > 24);
    FileAuditLog log{{.folder = folder.path, .now = [&now] { return now; }}, key, {head}};
    const std::array keep{Keep{"provision", std::chrono::months{2}}, Keep{"audit", std::chrono::months{6}}};
    const auto removed = log.expire(keep);
    REQUIRE(removed.has_value());
    CHECK(*removed > 10);
    const auto verdict = log.verify();
    CHECK_FALSE(verdict.bad);
    CHECK(verdict.first > 1);
    CHECK_FALSE(verify(folder.path, {.audit_key = &key, .heads = {log.head()}}).bad);

    // Removing one file more than was said is found.
    fs::remove(files_of(folder.path)->front());
    REQUIRE(log.verify().bad);
    CHECK(log.verify().bad->sequence == verdict.first);
}

TEST_CASE("an entry that a crash cut off does not stop the log")
{
    const Written5 log;
    const auto text = read(log.file());
    replace(log.file(), text + R"({"seq":6,"time":"20)");
    const auto key = audit_key();
    FileAuditLog next{{.folder = log.folder.path}, key, {log.head}};
    CHECK_FALSE(next.found().bad);
    REQUIRE(next.record(alice_shown, "done").has_value());
    CHECK_FALSE(next.verify().bad);
}

TEST_CASE("a power cut right after a head was noted takes no entry that the head knows of")
{
    const Folder folder;
    const Folder other;
    const auto key = audit_key();
    std::size_t cuts = 0;
    const auto cut = [&](const Head& noted) {
        ++cuts;
        const auto left = other.path / std::to_string(cuts);
        fs::copy(folder.path, left, fs::copy_options::recursive);
        const auto files = files_of(left);
        for (const auto& file : *files) fs::resize_file(file, flushed()[folder.path / file.filename()]);
        const FileAuditLog after{{.folder = left}, key, {noted}};
        CAPTURE(noted.sequence);
        CHECK_FALSE(after.found().bad);
        CHECK(after.head() == noted);
    };
    FileAuditLog log{{.folder = folder.path, .file_bytes = 1024, .on_head = cut}, key, {}};
    for (int i = 0; i < 4; ++i) {
        const auto begun = log.begin(alice_shown);
        REQUIRE(begun.has_value());
        log.end(*begun, "done");
    }
    CHECK(files_of(folder.path)->size() > 1);
    CHECK(cuts == log.head().sequence);
}

TEST_CASE("while heads wait to be noted nothing begins, and what has happened is written all the same", "[audit]")
{
    const Folder folder;
    bool pass = false;
    FileAuditLog log{{.folder = folder.path, .heads_pass = [&] { return pass; }}, audit_key(), {}};
    const auto refused = log.begin(alice_shown);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == heads_wait);
    const auto emergency = log.record({.what = "emergency call", .purpose = "operate"}, "carried");
    REQUIRE(emergency.has_value());
    CHECK(log.head().sequence == emergency->sequence);
    pass = true;
    CHECK(log.begin(alice_shown).has_value());
}

TEST_CASE("without room nothing begins, and with room again everything does")
{
    const Folder folder;
    const auto key = audit_key();
    FileAuditLog log{{.folder = folder.path}, key, {}};
    REQUIRE(log.record(alice_shown, "done").has_value());
    rlimit before{};
    ::getrlimit(RLIMIT_FSIZE, &before);
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit full{fs::file_size(folder.path / "000000000001.log") + 100, before.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &full);
    const auto refused = log.begin(alice_shown);
    ::setrlimit(RLIMIT_FSIZE, &before);
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error() == std::errc::file_too_large);
    CHECK(log.begin(alice_shown).has_value());
    CHECK_FALSE(log.verify().bad);
}
