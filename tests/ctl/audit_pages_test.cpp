#include "ctl/admin/audit_commands.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

using namespace sotto;
using namespace sotto::ctl;

namespace {

/// A log of many small files, and who shows it.
struct World {
    World()
    {
        for (int i = 0; i < 700; ++i) {
            if (i % 2 == 0) {
                REQUIRE(log.record(shown(i), "done").has_value());
                continue;
            }
            const auto begun = log.begin(shown(i));
            REQUIRE(begun.has_value());
            if (i != 599) log.end(*begun, "done rows=" + std::to_string(i)); // in the middle of one the process died
        }
    }
    static audit::Action shown(int number)
    {
        return {.who = {1000, "olga"}, .what = "account show", .purpose = "provision", .scope = std::to_string(number)};
    }
    json::object page(const std::string& from)
    {
        const auto all = audit_commands(log, [](const std::string& address) { return address; });
        json::object arguments;
        if (!from.empty()) arguments["from"] = from;
        const auto reply = all.find("audit show")->second(arguments, {});
        REQUIRE(std::holds_alternative<json::object>(reply));
        return std::get<json::object>(reply);
    }
    static std::string text(const json::object& page, std::string_view member)
    {
        return std::string{page.at(member).as_string()};
    }
    /// Somebody changes an entry of the log's first file.
    void change_first_file() const
    {
        const auto files = audit::files_of(state.path() / "audit");
        REQUIRE(files.has_value());
        std::ostringstream text;
        text << std::ifstream{files->front(), std::ios::binary}.rdbuf();
        auto changed = text.str();
        changed.replace(changed.find("olga"), 4, "paul");
        std::ofstream{files->front(), std::ios::binary} << changed;
    }

    test::StateDirectory state;
    audit::FileAuditLog log{{.folder = state.path() / "audit", .file_bytes = 16'384},
                            crypto::Secret{std::array<std::uint8_t, 32>{1, 2, 3}},
                            {}};
};

} // namespace

TEST_CASE("the pages of the audit log are, one after the other, all of it, each entry with its result", "[audit]")
{
    World world;
    int entries = 0;
    std::string from;
    do {
        const auto page = world.page(from);
        CHECK(World::text(page, "broken").empty());
        for (const auto& entry : page.at("entries").as_array()) {
            CHECK(entry.at("scope") == json::value(std::to_string(entries)));
            const auto result = entries == 599     ? std::string{"unknown"}
                                : entries % 2 == 0 ? std::string{"done"}
                                                   : "done rows=" + std::to_string(entries);
            CHECK(entry.at("result") == json::value(result));
            ++entries;
        }
        from = World::text(page, "next");
    } while (!from.empty());
    CHECK(entries == 700);
}

TEST_CASE("the first page verifies the whole audit log, and who goes on hears of what is read for him", "[audit]")
{
    World world;
    const auto next = World::text(world.page(""), "next");
    world.change_first_file();
    CHECK(World::text(world.page(next), "broken").empty());
    CHECK_FALSE(world.log.broken());
    CHECK_FALSE(World::text(world.page(""), "broken").empty());
    CHECK_FALSE(World::text(world.page(next), "broken").empty()); // it is known by now, and each page says so
}
