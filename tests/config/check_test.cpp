#include "config/check.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

#include <catch2/catch.hpp>

#include <cstdlib>
#include <fstream>

namespace {

namespace fs = std::filesystem;
using namespace sotto::config;

/// A folder of its own that goes with the test.
class Folder {
public:
    Folder()
    {
        std::string pattern = (fs::temp_directory_path() / "sotto-config-XXXXXX").string();
        path_ = ::mkdtemp(pattern.data());
    }
    ~Folder() { fs::remove_all(path_); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;
    fs::path write(const char* name, const std::string& text,
                   fs::perms perms = fs::perms::owner_read | fs::perms::owner_write) const
    {
        std::ofstream{path_ / name} << text;
        fs::permissions(path_ / name, perms);
        return path_ / name;
    }

private:
    fs::path path_;
};

constexpr const char* text = "domains: [{ name: example.org, certificate: cert.pem, private_key: key.pem }]\n"
                             "listen: { tls: [\"127.0.0.1:5061\"] }\nstate_directory: state\n";

} // namespace

TEST_CASE("Certificate and key must be there and readable", "[config]")
{
    const Folder folder;
    const auto loaded = load(folder.write("sotto.yaml", text));
    REQUIRE(loaded.good());
    const auto problems = check(loaded);
    REQUIRE(problems.size() == 2);
    CHECK(problems[0].key == "domains[0].certificate");
    CHECK(problems[0].line == 1);
    CHECK(problems[0].column == 45);
    CHECK(problems[1].key == "domains[0].private_key");

    folder.write("cert.pem", "certificate");
    folder.write("key.pem", "key");
    CHECK(check(loaded).empty());
}

TEST_CASE("A private key that every user may read is refused", "[config]")
{
    const Folder folder;
    const auto loaded = load(folder.write("sotto.yaml", text));
    folder.write("cert.pem", "certificate", fs::perms::all);
    folder.write("key.pem", "key", fs::perms::owner_all | fs::perms::others_read);
    const auto problems = check(loaded);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "domains[0].private_key");
    CHECK(problems[0].remedy.starts_with("chmod"));
}

TEST_CASE("A file that cannot be reached is not taken for one that is missing", "[config]")
{
    const Folder folder;
    const auto loaded = load(folder.write("sotto.yaml", text));
    folder.write("key.pem", "key");
    const auto circle = fs::path{loaded.settings.domains[0].certificate};
    fs::create_symlink(circle, circle);
    const auto problems = check(loaded);
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "domains[0].certificate");
    CHECK(problems[0].what.starts_with(circle.string() + " cannot be reached: "));
}

TEST_CASE("A state directory that is a file is refused", "[config]")
{
    const Folder folder;
    folder.write("cert.pem", "certificate");
    folder.write("key.pem", "key");
    folder.write("state", "");
    const auto problems = check(load(folder.write("sotto.yaml", text)));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].key == "state_directory");
}

TEST_CASE("What the daemon could not make at its start is refused", "[config]")
{
    const Folder folder;
    const auto cert = folder.write("cert.pem", "certificate");
    folder.write("key.pem", "key");
    const auto checked = [&](const std::string& state, const std::string& socket) {
        std::string all;
        for (const auto& problem : check(load(folder.write(
                 "sotto.yaml", "domains: [{ name: example.org, certificate: cert.pem, private_key: key.pem }]\n"
                               "listen: { tls: [\"127.0.0.1:5061\"] }\nstate_directory: " +
                                   state + "\nadmin: { socket: " + socket + " }\n"))))
            all += to_string(problem) + "\n";
        return all;
    };
    CHECK(checked("state", "run/admin.sock").empty()); // either folder is made
    CHECK(checked("none/state", "admin.sock").find(":3:18: state_directory: there is no folder ") != std::string::npos);
    CHECK(checked("state/", "admin.sock").empty()); // the start makes it
    CHECK(checked("state", "none/run/admin.sock").find(":4:18: admin.socket: there is no folder ") !=
          std::string::npos);
    CHECK(
        checked("state", cert.string()).find(":4:18: admin.socket: " + cert.string() + " is there and is no socket") !=
        std::string::npos);
}

TEST_CASE("What others find wrong is told with the place of the key", "[config]")
{
    const auto loaded = load_text(text, "sotto.yaml");
    CHECK(to_string(loaded.problem("domains[0].certificate", "has expired", "renew it")) ==
          "sotto.yaml:1:45: domains[0].certificate: has expired; renew it");
    // A key that was not given stands where its parent does.
    CHECK(loaded.problem("domains[0].aliases", "x", "y").line == 1);
}

TEST_CASE("Weakenings are named without naming accounts", "[config][privacy]")
{
    Settings settings;
    settings.weaken.digest_md5 = {"alice@example.org", "bob@example.org"};
    settings.weaken.padding = 512;
    const auto sentences = weakenings(settings);
    REQUIRE(sentences.size() == 2);
    CHECK(sentences[0] == "weaken.digest_md5: accounts that prove their password by MD5 instead of SHA-256: 2");
    CHECK(sentences[1].find("512") != std::string::npos);
    CHECK(notices(settings).front().starts_with("emergency calls are not carried"));
}

TEST_CASE("Emergency calls that no route carries are told", "[config]")
{
    const auto told = [](std::vector<std::string> match) {
        Settings settings;
        RouteEntry route{.name = "help", .match = std::move(match), .target = {"psap.example"}};
        while (route_kinds[route.kind] != "emergency") ++route.kind;
        settings.routes.push_back(std::move(route));
        for (const auto& sentence : notices(settings))
            if (sentence.starts_with("emergency calls are not carried")) return sentence;
        return std::string{};
    };
    CHECK(told({"112"}).empty());
    CHECK(told({"110", "911"}).empty());
    CHECK(told({"urn:service:sos"}).empty());
    CHECK(told({"110"}).find("to 112, 911 and urn:service:sos") != std::string::npos);
    CHECK_FALSE(told({"urn:service:sos.police"}).empty());
}

TEST_CASE("Whatever can be weakened is named", "[config]")
{
    for (const auto& key : keys()) {
        if (!key.path.starts_with("weaken.")) continue;
        CAPTURE(key.path);
        const auto name = key.path.substr(std::string_view{"weaken."}.size());
        const auto loaded = load_text(std::string{text} +
                                          "routes: [{ name: carrier, kind: gateway, match: [\"+\"], "
                                          "target: [trunk.example.net] }]\nweaken: { " +
                                          std::string{name} + ": " + std::string{key.example} + " }\n",
                                      "sotto.yaml");
        for (const auto& problem : loaded.problems) UNSCOPED_INFO(to_string(problem));
        REQUIRE(loaded.good());
        const auto sentences = weakenings(loaded.settings);
        REQUIRE(sentences.size() == 1);
        CHECK(sentences[0].starts_with(std::string{key.path} + ": "));
    }
}
