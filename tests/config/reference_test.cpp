#include "config/keys.hpp"
#include "config/load.hpp"
#include "config/reference.hpp"

#include <catch2/catch.hpp>

#include <fstream>
#include <sstream>

namespace {

using namespace sotto::config;

std::string file(const std::string& path)
{
    std::ifstream stream{std::string{SOTTO_SOURCE_DIR} + "/" + path, std::ios::binary};
    std::ostringstream text;
    text << stream.rdbuf();
    return text.str();
}

} // namespace

TEST_CASE("What is made from the keys is what stands in the tree", "[config][docs]")
{
    INFO("write them again: config_reference docs > docs/configuration.md; config_reference example > "
         "config/sotto.yaml.example; "
         "config_reference schema > config/sotto.schema.json");
    CHECK(file("docs/configuration.md") == reference_page());
    CHECK(file("config/sotto.yaml.example") == example_file());
    CHECK(file("config/sotto.schema.json") == json_schema());
}

TEST_CASE("The example loads and changes nothing but what must be given", "[config][docs]")
{
    const auto loaded = load(std::string{SOTTO_SOURCE_DIR} + "/config/sotto.yaml.example");
    for (const auto& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
    REQUIRE(loaded.good());
    CHECK(loaded.settings.limits == Settings::Limits{});
    CHECK(loaded.settings.weaken == Settings::Weaken{});
    CHECK(loaded.settings.state_directory == Settings{}.state_directory);
}

TEST_CASE("Each line of the example works when its # is taken away", "[config][docs]")
{
    std::string text;
    std::istringstream lines{example_file()};
    for (std::string line; std::getline(lines, line);) {
        const auto mark = line.find('#');
        const char next = mark != std::string::npos && mark + 1 < line.size() ? line[mark + 1] : ' ';
        if ((next >= 'a' && next <= 'z') || next == '-') line.erase(mark, 1);
        text += line + "\n";
    }
    const auto loaded = load_text(text, "sotto.yaml");
    for (const auto& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
    CHECK(loaded.good());
    CHECK(loaded.settings.weaken.tls12);
    CHECK(loaded.settings.weaken.digest_md5.size() == 1);
    for (const auto& key : keys())
        if (key.path.find("[]") == std::string_view::npos && !key.path.ends_with("metrics"))
            CHECK(loaded.places.contains(std::string{key.path}));
}
