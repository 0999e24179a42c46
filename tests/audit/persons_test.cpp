#include "a_log.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::audit;
using namespace sotto::test;
using Catch::Matchers::Contains;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t place_bytes = 128;

/// A log whose calendar the test turns.
struct Calendar {
    Folder folder;
    crypto::Secret key{audit_key()};
    Time now{std::chrono::sys_days{2026y / 11 / 25}};
    FileAuditLog log{{.folder = folder.path, .now = [this] { return now; }}, key, {}};

    /// The sealed address of each entry that has one.
    std::vector<std::string> subjects()
    {
        std::vector<std::string> all;
        log.verify([&](const Line& line) {
            if (const auto subject = line.text("subject"); !subject.empty()) all.push_back(subject);
        });
        return all;
    }
    /// What lies in the file at the place of the person whose value this is.
    std::string place_of_person(const std::string& sealed)
    {
        const auto from = sealed.find('.') + 1;
        return read(folder.path / "keys").substr(std::stoul(sealed.substr(from)) * place_bytes, place_bytes);
    }
};

/// "period.person." of a sealed value: by what two values could be known to be of one person.
std::string numbers_of(const std::string& sealed) { return sealed.substr(0, sealed.rfind('.')); }
std::string person_in(const std::string& sealed) { return numbers_of(sealed).substr(sealed.find('.') + 1); }

} // namespace

TEST_CASE("a personal value is not in the file, and can be read until the person is forgotten or the time is over")
{
    const Folder folder;
    const auto key = audit_key();
    auto now = Time{std::chrono::sys_days{2026y / 11 / 25}};
    FileAuditLog log{{.folder = folder.path, .now = [&now] { return now; }}, key, {}};
    REQUIRE(log.record(alice_shown, "done").has_value());
    std::string subject, reason;
    log.verify([&](const Line& line) {
        if (line.text("what") != "account show") return;
        subject = line.text("subject");
        reason = line.text("reason");
    });
    for (const auto& file : fs::directory_iterator{folder.path}) {
        const auto text = read(file.path());
        CHECK_THAT(text, !Contains("alice"));
        CHECK_THAT(text, !Contains("4711: "));
    }
    CHECK(log.open(subject) == "alice@example.org");
    CHECK(log.open(reason) == alice_shown.reason);

    SECTION("forgotten")
    {
        CHECK(log.forget("alice@example.org"));
        CHECK_FALSE(log.open(subject));
        CHECK_FALSE(log.verify().bad);
        // The key is not in the file any more either: a log that is opened anew does not know it.
        const FileAuditLog later{{.folder = folder.path}, key, {log.head()}};
        CHECK_FALSE(later.open(subject));
    }
    SECTION("over")
    {
        const std::array keep{Keep{"provision", std::chrono::months{3}}};
        now += std::chrono::days{62};
        REQUIRE(log.expire(keep).has_value());
        CHECK(log.open(subject) == "alice@example.org");
        now += std::chrono::days{62};
        REQUIRE(log.expire(keep).has_value());
        CHECK_FALSE(log.open(subject));
        CHECK_FALSE(log.verify().bad);
    }
}

TEST_CASE("whose entries of one period are alike, nobody sees in those of another", "[audit]")
{
    Calendar of;
    REQUIRE(of.log.record(alice_shown, "done").has_value());
    REQUIRE(of.log.record(alice_shown, "done").has_value());
    auto billed = alice_shown;
    billed.purpose = "billing";
    REQUIRE(of.log.record(billed, "done").has_value());
    of.now += std::chrono::days{30};
    REQUIRE(of.log.record(alice_shown, "done").has_value());
    const auto subjects = of.subjects();
    REQUIRE(subjects.size() == 4);
    CHECK(numbers_of(subjects[0]) == numbers_of(subjects[1]));
    CHECK(person_in(subjects[0]) != person_in(subjects[2]));
    CHECK(person_in(subjects[0]) != person_in(subjects[3]));
}

TEST_CASE("what finds a person's entries goes with the period: nothing of it is left in the file", "[audit]")
{
    Calendar of;
    REQUIRE(of.log.record(alice_shown, "done").has_value());
    of.now += std::chrono::days{30};
    REQUIRE(of.log.record(alice_shown, "done").has_value());
    const auto subjects = of.subjects();
    REQUIRE(subjects.size() == 2);
    const std::string nothing(place_bytes, '\0');
    CHECK(of.place_of_person(subjects[0]) != nothing);

    of.now += std::chrono::days{31}; // two months after the first, one after the second
    const std::array keep{Keep{"provision", std::chrono::months{1}}};
    REQUIRE(of.log.expire(keep).has_value());
    CHECK(of.place_of_person(subjects[0]) == nothing);
    CHECK(of.place_of_person(subjects[1]) != nothing);
    CHECK_FALSE(of.log.open(subjects[0]));
    CHECK(of.log.open(subjects[1]) == "alice@example.org");

    // With the key and all that is left: another vault that is asked about her finds the later period only.
    const auto before = read(of.folder.path / "keys");
    Vault vault{of.folder.path / "keys", of.key};
    REQUIRE_FALSE(vault.forget("alice@example.org"));
    const auto after = read(of.folder.path / "keys");
    std::size_t found = 0;
    for (std::size_t at = 0; at < before.size(); at += place_bytes)
        found += before.substr(at, place_bytes) != after.substr(at, place_bytes) ? 1 : 0;
    CHECK(found == 1);
}

TEST_CASE("who is forgotten is forgotten in every period and under every purpose, and nobody else is", "[audit]")
{
    Calendar of;
    auto billed = alice_shown;
    billed.purpose = "billing";
    auto bob = alice_shown;
    bob.subject = "bob@example.org";
    for (int month = 0; month < 3; ++month, of.now += std::chrono::days{30})
        for (const Action* action : std::array<const Action*, 3>{&alice_shown, &billed, &bob})
            REQUIRE(of.log.record(*action, "done").has_value());
    CHECK(of.log.forget("alice@example.org"));
    std::size_t readable = 0;
    for (const auto& sealed : of.subjects()) {
        const auto opened = of.log.open(sealed);
        if (opened) CHECK(*opened == "bob@example.org");
        readable += opened ? 1 : 0;
    }
    CHECK(readable == 3);
    CHECK_FALSE(of.log.verify().bad);
    REQUIRE(of.log.record(alice_shown, "done").has_value()); // whoever comes back is somebody new
    CHECK(of.log.open(of.subjects().back()) == "alice@example.org");
}
