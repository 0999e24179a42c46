#include "audit/audit_key.hpp"
#include "audit/time_text.hpp"
#include "ctl/commands/reference.hpp"
#include "ctl/running_admin.hpp"
#include "os/clocks.hpp"
#include "store/audit_head.hpp"

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <sys/wait.h>

using namespace sotto;
using Catch::Matchers::Contains;
using sotto::test::Installation;
using sotto::test::RunningAdmin;

namespace {

struct Run {
    int status{-1};
    std::string output; ///< standard output and error
};

/// Runs `sotto` in a shell, with `input` (of printf) on standard input.
Run sotto_with(const Installation& installation, const std::string& arguments, const std::string& input = "")
{
    const auto command = "printf '" + input + "' | " SOTTO_CLI " --config " +
                         (installation.folder / "sotto.yaml").string() + " " + arguments + " 2>&1";
    Run run;
    auto* pipe = ::popen(command.c_str(), "r");
    REQUIRE(pipe != nullptr);
    std::array<char, 4096> buffer{};
    for (std::size_t got = 0; (got = ::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
        run.output.append(buffer.data(), got);
    run.status = WEXITSTATUS(::pclose(pipe));
    return run;
}

Run add(const Installation& installation, const std::string& address)
{
    return sotto_with(installation, "account add " + address + " --password-stdin", "secret\\n");
}

std::string contents_of(const std::filesystem::path& file)
{
    std::ifstream in{file, std::ios::binary};
    return {std::istreambuf_iterator<char>{in}, {}};
}

ctl::json::object json_of(const Run& run) { return ctl::json::parse(run.output).as_object(); }

} // namespace

TEST_CASE("accounts are kept with and without the daemon, by the same commands")
{
    const Installation installation;
    std::optional<RunningAdmin> admin;
    if (GENERATE(false, true)) admin.emplace(installation);

    CHECK(add(installation, "alice@example.org").status == 0);
    const auto again = add(installation, "alice@sip.example.org");
    CHECK(again.status == 1);
    CHECK_THAT(again.output, Contains("alice@sip.example.org belongs to an account already"));

    const auto set = sotto_with(installation, "account set alice@example.org --status suspended --withhold-identity on "
                                              "--add-address +4930@example.org al@example.org");
    CHECK(set.status == 0);
    CHECK_THAT(set.output, Contains("+4930@example.org, al@example.org"));
    const auto shown = json_of(sotto_with(installation, "account show al@example.org --json"));
    CHECK(shown.at("account").at("address") == "alice@example.org");
    CHECK(shown.at("account").at("status") == "suspended");
    CHECK(shown.at("account").at("withhold_identity") == true);
    CHECK(shown.at("account").at("relay_only") == false);

    REQUIRE(add(installation, "bob@example.org").status == 0);
    for (const auto& [change, sentence] :
         {std::pair{"--add-address al@example.org", "al@example.org belongs to"},
          std::pair{"--add-address bobby", "bobby is no address"},
          std::pair{"--add-address bob@second.example",
                    "bob@second.example is in another domain than the first address"},
          std::pair{"--add-address bob@elsewhere.example", "bob@elsewhere.example is not in"}}) {
        const auto refused = sotto_with(installation, std::string{"account set bob@example.org "} + change);
        CHECK(refused.status == 1);
        CHECK_THAT(refused.output, Contains(std::string{"sotto: "} + sentence));
    }
    REQUIRE(sotto_with(installation, "account remove bob@example.org --yes").status == 0);

    CHECK(sotto_with(installation, "account password al@example.org --password-stdin", "other\\n").status == 0);
    const auto itself = sotto_with(installation, "account set al@example.org --remove-address al@example.org");
    CHECK(itself.status == 1);
    CHECK_THAT(itself.output, Contains("al@example.org cannot be taken away through itself: name the account by"));
    CHECK(sotto_with(installation, "account set alice@example.org --remove-address al@example.org").status == 0);
    CHECK(sotto_with(installation, "account show al@example.org").status == 1);

    CHECK(sotto_with(installation, "account remove alice@example.org").status == 2); // nobody to ask
    CHECK(sotto_with(installation, "account remove alice@example.org --yes").status == 0);
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().empty());
}

TEST_CASE("the last anonymous caller is blocked by command, and all blocks are lifted", "[privacy]")
{
    const Installation installation;
    REQUIRE(add(installation, "bob@example.org").status == 0);
    const auto offline = sotto_with(installation, "account block bob@example.org");
    CHECK(offline.status == 3); // only the running daemon knows who called
    CHECK_THAT(offline.output, Contains("the daemon is not running"));
    {
        RunningAdmin admin{installation};
        const auto nobody = sotto_with(installation, "account block bob@example.org");
        CHECK(nobody.status == 1);
        CHECK_THAT(nobody.output, Contains("nobody called bob@example.org with a withheld identity"));
        admin.last_anonymous_caller = KeyedHash{1, 2};
        const auto blocked = sotto_with(installation, "--json account block bob@example.org");
        CHECK(json_of(blocked).at("account").at("blocked_callers") == 1);
        CHECK(sotto_with(installation, "account block eve@example.org").status == 1);
    }
    const auto blocks = [&](const std::string& command) {
        const auto answer = json_of(sotto_with(installation, "--json " + command + " bob@example.org"));
        return answer.at("account").at("blocked_callers").to_number<int>();
    };
    CHECK(blocks("account show") == 1);
    const auto unasked = sotto_with(installation, "account unblock bob@example.org"); // nobody is there to answer
    CHECK(unasked.status == 2);
    CHECK_THAT(unasked.output, Contains("Lift all blocks of bob@example.org?"));
    CHECK(blocks("account show") == 1);
    CHECK(blocks("account unblock --yes") == 0);
}

TEST_CASE("what the other side learns is reported from the tables, without daemon or configuration", "[privacy]")
{
    const Installation installation;
    std::filesystem::remove(installation.folder / "sotto.yaml");
    const auto page = sotto_with(installation, "report minimisation");
    CHECK(page.status == 0);
    CHECK_THAT(page.output, Contains("| Call-ID | sealed | rebuilt |"));
    const auto table = json_of(sotto_with(installation, "--json report minimisation"));
    bool found = false;
    for (const auto& row : table.at("headers").as_array())
        if (row.at("header") == "P-Asserted-Identity") {
            found = true;
            CHECK(row.at("request").at("subscriber") == "-");
            CHECK(row.at("request").at("gateway") == "ours");
        }
    CHECK(found);
}

TEST_CASE("a list is aligned, and colourless when it is no terminal")
{
    const Installation installation;
    REQUIRE(add(installation, "al@example.org").status == 0);
    REQUIRE(add(installation, "bartholomew@example.org").status == 0);
    const auto list = sotto_with(installation, "account list");
    CHECK(list.output == "ADDRESS                  STATUS  DIGEST   SETTINGS  FURTHER ADDRESSES\n"
                         "al@example.org           active  SHA-256\n"
                         "bartholomew@example.org  active  SHA-256\n");
}

TEST_CASE("an account whose stored algorithm is not the configured one is listed as such")
{
    const Installation installation;
    REQUIRE(add(installation, "alice@example.org").status == 0);
    installation.configure("digest_md5: [\"*\"]");
    CHECK_THAT(sotto_with(installation, "account list").output, Contains("active, password needed"));
    REQUIRE(sotto_with(installation, "account password alice@example.org --password-stdin", "secret").status == 0);
    const auto list = sotto_with(installation, "account list").output;
    CHECK_THAT(list, Contains("MD5"));
    CHECK_THAT(list, !Contains("password needed"));
}

TEST_CASE("an answer that cannot be written where it should go is no success")
{
    const Installation installation;
    REQUIRE(add(installation, "alice@example.org").status == 0);
    const auto* command =
        GENERATE("account list", "--csv account list", "--json account list", "account show alice@example.org",
                 "--json account show alice@example.org", "report minimisation");
    INFO(command);
    const auto full = sotto_with(installation, std::string{command} + " 3>&1 >/dev/full 2>&3 #");
    CHECK(full.status == 1);
    CHECK_THAT(full.output, Contains("the answer cannot be written to standard output"));
}

TEST_CASE("a file is imported whole, quotes and commas included")
{
    const Installation installation;
    std::optional<RunningAdmin> admin;
    if (GENERATE(false, true)) admin.emplace(installation);
    const auto done =
        sotto_with(installation, "--json account import --csv -",
                   "address,password\\nalice@example.org,\"a,b\"\\n\\n\"bob@example.org\",\"c\"\"d\"\\r\\n");
    CHECK(done.status == 0);
    CHECK(json_of(done).at("added") == 2);
    const auto again = json_of(sotto_with(installation, "--json account import --csv -", "alice@example.org,x\\n"));
    CHECK(again.at("added") == 0);
    CHECK(again.at("existing") == 1);
}

TEST_CASE("rows are not promised of a command that answers none, and nothing is done")
{
    const Installation installation;
    const auto run = sotto_with(installation, "--csv account import --csv -", "alice@example.org,a\\n");
    CHECK(run.status == 2);
    CHECK_THAT(run.output, Contains("this command answers no rows"));
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().empty());
}

TEST_CASE("a file that a spreadsheet wrote is imported, its byte order mark not with it")
{
    const Installation installation;
    const auto* heading = GENERATE("", "address,password\\r\\n");
    const auto done = sotto_with(installation, "--json account import --csv -",
                                 std::string{"\\357\\273\\277"} + heading + "alice@example.org,a\\r\\n");
    INFO(done.output);
    CHECK(done.status == 0);
    CHECK(sotto_with(installation, "account show alice@example.org").status == 0);
}

TEST_CASE("what cannot be read to its end is not imported, and is no success")
{
    const Installation installation;
    const auto& folder = installation.folder.string(); // it can be opened, and not be read
    for (const auto& from : {"--csv " + folder, "--csv - <" + folder, "--csv " + folder + "/none.csv"}) {
        const auto run = sotto_with(installation, "account import " + from);
        INFO(from << run.output);
        CHECK(run.status == 1);
        CHECK_THAT(run.output, Contains("cannot be read"));
    }
}

TEST_CASE("a wrong line is named, and nothing is imported")
{
    const Installation installation;
    const auto wrong = sotto_with(installation, "account import --csv -",
                                  "alice@example.org,a\\nbob\\ncarol@elsewhere.example,c\\ndave@example.org,\\n");
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.output, Contains(":2: not `address,password`"));
    CHECK_THAT(wrong.output, Contains(":3: carol@elsewhere.example is not in a domain"));
    CHECK_THAT(wrong.output, Contains(":4: dave@example.org cannot have this password"));
    CHECK_THAT(wrong.output, Contains("3 wrong lines: nothing was imported"));
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().empty());
}

TEST_CASE("a further column is not taken for the end of a password, and nothing is imported")
{
    const Installation installation;
    const auto wrong = sotto_with(installation, "account import --csv -",
                                  "alice@example.org,secret-12345,Alice Miller\\nbob@example.org,b\\n"
                                  "carol@example.org,\"c,d\",Carol\\n");
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.output, Contains(":1: the password holds a comma: put it in quotes"));
    CHECK_THAT(wrong.output, Contains(":3: not `address,password`"));
    CHECK_THAT(wrong.output, !Contains("secret") && Contains("2 wrong lines: nothing was imported"));
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().empty());
}

TEST_CASE("a line that is not UTF-8 is named as that, and nothing is imported")
{
    const Installation installation;
    const auto wrong = sotto_with(installation, "account import --csv -",
                                  "alice@example.org,a\\nbob@example.org,p\\344ss\\n\\377@example.org,c\\n");
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.output, Contains(":2: not UTF-8: save the file as UTF-8"));
    CHECK_THAT(wrong.output, Contains(":3: not UTF-8"));
    CHECK_THAT(wrong.output, Contains("2 wrong lines: nothing was imported"));
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().empty());
}

TEST_CASE("a password that is not UTF-8 is refused as that")
{
    const Installation installation;
    const auto wrong = sotto_with(installation, "account add alice@example.org --password-stdin", "p\\344ss\\n");
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.output, Contains("the password is not UTF-8"));
}

TEST_CASE("what is no text is refused before anything is asked for, a reason and a further address as well")
{
    const Installation installation;
    REQUIRE(add(installation, "alice@example.org").status == 0);
    for (const auto* typed : {"show alice@example.org --reason", "set alice@example.org --add-address"}) {
        const auto wrong = sotto_with(installation, std::string{"account "} + typed + " $(printf 'p\\344ss')");
        CAPTURE(typed, wrong.output);
        CHECK(wrong.status == 2);
        CHECK_THAT(wrong.output, Contains("is not a text of one line"));
    }
}

TEST_CASE("who wants an archive says where it goes")
{
    const Installation installation;
    REQUIRE(add(installation, "alice@example.org").status == 0);
    const auto wrong = sotto_with(installation, "subject export alice@example.org");
    CHECK(wrong.status == 2);
    CHECK_THAT(wrong.output, Contains("--output is required"));
    CHECK_THAT(ctl::command_page(), Contains("sotto subject export ADDRESS --output FILE"));
}

TEST_CASE("what was typed and is not UTF-8 comes back in JSON all the same")
{
    const Installation installation;
    for (const auto* typed : {"account show $(printf '\\377')@example.org",
                              "account import --csv $(printf '/\\377.csv')", "account $(printf 'sh\\377w')"}) {
        const auto refused = sotto_with(installation, std::string{"--json "} + typed);
        CAPTURE(typed, refused.output);
        CHECK(refused.status != 0);
        const auto begin = refused.output.find('{'); // behind what is said on standard error
        REQUIRE(begin != std::string::npos);
        CHECK(ctl::json::parse(refused.output.substr(begin)).at("error").as_object().contains("sentence"));
    }
}

TEST_CASE("an import larger than one request and one page arrives complete")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    constexpr int count = 12'345;
    {
        std::ofstream csv{installation.folder / "many.csv"};
        for (int i = 0; i < count; ++i)
            csv << "user" << i << "@example.org,a longer password than most people have " << i << "\n";
    }
    const auto run =
        sotto_with(installation, "--json account import --csv " + (installation.folder / "many.csv").string());
    REQUIRE(run.status == 0);
    CHECK(json_of(run).at("added") == count);
    CHECK(json_of(sotto_with(installation, "--json account list")).at("accounts").as_array().size() == count);
    CHECK(admin.accounts.directory()->find("user12344", "example.org") != nullptr);
}

TEST_CASE("without the daemon works what needs the stores and their keys, and nothing else")
{
    const Installation installation;
    for (const auto* command : {"status", "reload", "drain", "binding list alice@example.org", "audit show"}) {
        const auto run = sotto_with(installation, command);
        CHECK(run.status == 3);
        CHECK_THAT(run.output, Contains("the daemon is not running: nobody answers at"));
        CHECK_THAT(run.output,
                   Contains("retention plan|run, subject export|erase, key change|rotate, audit verify, backup work"));
        CHECK_THAT(run.output, Contains("sotto-maintenance.service"));
    }
    REQUIRE(add(installation, "alice@example.org").status == 0);
    const auto archive = installation.folder / "alice.tar";
    for (const auto& command :
         {std::string{"account list"}, std::string{"audit verify"}, std::string{"retention plan"},
          std::string{"retention run"}, "backup " + (installation.settings.state_directory / "backup").string(),
          "subject export alice@example.org --output " + archive.string()}) {
        INFO(command);
        CHECK(sotto_with(installation, command).status == 0);
    }
    CHECK(std::filesystem::file_size(archive) > 0);
    CHECK(std::filesystem::exists(installation.settings.state_directory / "backup" / "accounts.db"));
    CHECK_THAT(sotto_with(installation, "key rotate").output, Contains("nothing is billed"));
    CHECK_THAT(sotto_with(installation, "subject erase alice@example.org --yes").output,
               Contains("nothing is kept about this person"));
    CHECK_THAT(sotto_with(installation, "account show alice@example.org").output, Contains("is no account's address"));
    CHECK(sotto_with(installation, "audit verify").status == 0);
}

TEST_CASE("who was erased is in no answer without the daemon either, whatever database was put back", "[privacy]")
{
    const Installation installation;
    const auto& state = installation.settings.state_directory;
    for (const auto* address : {"alice@example.org", "bob@example.org"})
        REQUIRE(add(installation, address).status == 0);
    const auto aside = installation.folder / "before.db";
    std::filesystem::copy_file(state / "accounts.db", aside);
    REQUIRE(sotto_with(installation, "subject erase alice@example.org --yes").status == 0);
    for (const auto* left : {"accounts.db-wal", "accounts.db-shm"}) std::filesystem::remove(state / left);
    std::filesystem::copy_file(aside, state / "accounts.db", std::filesystem::copy_options::overwrite_existing);

    SECTION("a backup, first of all")
    {
        REQUIRE(sotto_with(installation, "backup " + (state / "backup").string()).status == 0);
        const auto kept = contents_of(state / "backup" / "accounts.db");
        CHECK_THAT(kept, Contains("bob") && !Contains("alice"));
    }
    SECTION("an archive")
    {
        const auto archive = installation.folder / "alice.tar";
        CHECK(sotto_with(installation, "subject export alice@example.org --output " + archive.string()).status == 1);
        CHECK_FALSE(std::filesystem::exists(archive));
    }
    SECTION("a list") { CHECK_THAT(sotto_with(installation, "account list").output, !Contains("alice")); }
    CHECK_THAT(sotto_with(installation, "account show alice@example.org").output, Contains("is no account's address"));
    CHECK(sotto_with(installation, "account show bob@example.org").status == 0);
    // The head of that copy is an older one's; the chain itself is whole.
    CHECK(sotto_with(installation, "audit verify").status == 0);
}

TEST_CASE("what is done without the daemon is sealed by the time that the daemon believed last", "[audit]")
{
    const Installation installation;
    REQUIRE(add(installation, "alice@example.org").status == 0);
    const auto folder = installation.settings.state_directory / "audit";
    const auto key = audit::audit_key(installation.folder / "audit.key");
    const auto last = std::chrono::system_clock::now() + std::chrono::years{1}; // the calendar was set back since
    {
        store::AuditHead noted{installation.settings.state_directory};
        const auto before = noted.read();
        audit::FileAuditLog log{{.folder = folder,
                                 .believed = [&] { return last; },
                                 .on_head =
                                     [&](const audit::Head& head) {
                                         noted.write({head.sequence, head.hash});
                                     }},
                                key,
                                {{before.sequence, before.hash}}};
        REQUIRE(log.record({.who = {0, "sottod"}, .what = "start", .purpose = "operate"}, "done").has_value());
    }
    REQUIRE(add(installation, "bob@example.org").status == 0);
    std::string believed;
    CHECK_FALSE(audit::verify(folder, {.audit_key = &key}, [&](const audit::Line& line) {
                    if (line.text("what") == "checkpoint") believed = line.text("believed");
                }).bad);
    const auto time = audit::time_from(believed);
    REQUIRE(time);
    if (!os::clock_synchronised()) // a calendar that a time server steers is believed
        CHECK(*time >= std::chrono::floor<std::chrono::seconds>(last));
}

TEST_CASE("a state directory in use without an answering daemon is left alone")
{
    const Installation installation;
    const auto lock = store::StateLock::take(installation.settings.state_directory);
    const auto run = add(installation, "alice@example.org");
    CHECK(run.status == 3);
    CHECK_THAT(run.output, Contains("another process holds"));
}

TEST_CASE("the daemon's own commands show what it answers")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    REQUIRE(add(installation, "alice@example.org").status == 0);
    CHECK(sotto_with(installation, "status").output == "flows          3\nbindings.live  2\n");
    CHECK(json_of(sotto_with(installation, "status --json")).at("bindings").at("live") == 2);
    CHECK_THAT(sotto_with(installation, "reload").output, Contains("needs_restart  threads"));
    CHECK(sotto_with(installation, "drain").status == 0);
    CHECK(sotto_with(installation, "binding list alice@example.org").output ==
          "BINDING           EXPIRES IN  TRANSPORT  Q\n0000000000000abc  300 s       tls        0.5\n"
          "0000000000000def  200 s       -          -\n");
    CHECK(sotto_with(installation, "binding remove alice@example.org 0000000000000abc --yes").status == 0);
    const auto none = sotto_with(installation, "binding remove alice@example.org 0000000000000abd --yes");
    CHECK(none.status == 1);
    CHECK_THAT(none.output, Contains("no such binding"));
    CHECK(sotto_with(installation, "binding list nobody@example.org").status == 1);
}

TEST_CASE("a mistyped name gets the nearest one")
{
    const Installation installation;
    const auto command = sotto_with(installation, "acount list");
    CHECK(command.status == 2);
    CHECK_THAT(command.output, Contains("did you mean `account`?"));
    const auto below = sotto_with(installation, "account lst");
    CHECK(below.status == 2);
    CHECK_THAT(below.output, Contains("did you mean `list`?"));
    const auto domain = sotto_with(installation, "account show alice@exmaple.org");
    CHECK(domain.status == 1);
    CHECK_THAT(domain.output, Contains("did you mean alice@example.org?"));
    for (const auto& [typed, meant] :
         {std::pair{"account list --reson x", "--reason"},
          std::pair{"trace start --acount=alice@example.org --for 1m --reason x", "--account"},
          std::pair{"account list --jsn", "--json"}}) {
        const auto option = sotto_with(installation, typed);
        CHECK(option.status == 2);
        CHECK_THAT(option.output, Contains("did you mean `" + std::string{meant} + "`?"));
    }
    CHECK_THAT(sotto_with(installation, "account list --nonsense").output, Contains("there is no option `--nonsense`"));
}

TEST_CASE("wrong use exits 2, a wrong configuration 1 with its place")
{
    const Installation installation;
    for (const auto* command : {"", "account", "account show", "account set alice@example.org --relay-only perhaps",
                                "account list --nonsense", "account add alice@example.org"}) {
        INFO(command);
        CHECK(sotto_with(installation, command).status == 2);
    }
    std::ofstream{installation.folder / "sotto.yaml"} << "domians: []\n";
    const auto wrong = sotto_with(installation, "status");
    CHECK(wrong.status == 1);
    CHECK_THAT(wrong.output, Contains("sotto.yaml:1:1"));
}

TEST_CASE("every command explains itself")
{
    const Installation installation;
    for (const auto* command : {"--help", "account --help", "account add --help", "binding list --help"}) {
        const auto run = sotto_with(installation, command);
        CHECK(run.status == 0);
        CHECK_THAT(run.output, Contains("Usage: sotto"));
    }
    for (const auto& group : ctl::groups())
        for (const auto& command : group.commands) {
            const auto run = sotto_with(installation, std::string{command.words} + " --help");
            CAPTURE(command.words);
            CHECK(run.status == 0);
            CHECK_THAT(run.output, Contains(std::string{command.examples.front()}));
        }
}
