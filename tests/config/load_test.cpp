#include "config/check.hpp"
#include "config/difference.hpp"
#include "config/keys.hpp"
#include "config/load.hpp"

#include <catch2/catch.hpp>

#include <algorithm>

namespace {

using namespace sotto::config;
using namespace std::chrono_literals;

constexpr const char* least = R"(domains:
  - name: Example.ORG
    certificate: tls/example.org.pem
    private_key: /keys/example.org.key
listen:
  tls: ["127.0.0.1:5061"]
)";

/// What the design's contract shows, as far as this version serves it.
constexpr const char* contract = R"(
domains:
  - name: example.org
    aliases: [sip.example.org, localhost]
    certificate: tls/example.org.pem
    private_key: tls/example.org.key
listen:
  tls: ["127.0.0.1:5061", { address: "[::1]:5061", advertise: "sip.example.org:5071" }]
threads: 0
state_directory: /var/lib/sotto
admin: { socket: /run/sotto/admin.sock }
registrar: { binding_lifetime: 10m }
proxy: { ring_timeout: 60s }
routes: []
limits: { connections_per_source: 64, handshakes_per_second: 500, auth_failures_per_minute: 10, message_bytes: 65536 }
privacy: { relay_only: false, padding: 4096 }
media: { keying: [dtls-srtp, zrtp] }
billing: { routes: [] }
log: { target: journal, level: info }
weaken: {}
)";

Loaded read(const std::string& text) { return load_text(text, "/etc/sotto/sotto.yaml"); }
/// The problems of the smallest good file with these lines behind it.
std::vector<Problem> problems_of(const std::string& lines) { return read(least + lines).problems; }

std::string all(const std::vector<Problem>& problems)
{
    std::string text;
    for (const auto& problem : problems) text += to_string(problem) + "\n";
    return text;
}

} // namespace

TEST_CASE("The smallest file leaves every other key at its default", "[config]")
{
    const auto loaded = read(least);
    INFO(all(loaded.problems));
    REQUIRE(loaded.good());
    const auto& s = loaded.settings;
    REQUIRE(s.domains.size() == 1);
    CHECK(s.domains[0].name == "example.org");
    CHECK(s.domains[0].certificate == "/etc/sotto/tls/example.org.pem");
    CHECK(s.domains[0].private_key == "/keys/example.org.key");
    CHECK(s.listen.tls == std::vector<TlsListener>{{{"127.0.0.1", 5061}, {}}});
    CHECK(s.weaken == Settings::Weaken{});
    CHECK(s.limits == Settings::Limits{});
    CHECK(weakenings(s).empty());
}

TEST_CASE("The contract's file loads, and the core gets what it needs of it", "[config]")
{
    const auto loaded = read(contract);
    INFO(all(loaded.problems));
    REQUIRE(loaded.good());
    const auto core = loaded.settings.core();
    REQUIRE(core.domains.size() == 1);
    CHECK(core.domains[0].aliases == std::vector<std::string>{"sip.example.org", "localhost"});
    CHECK(core.own_hosts == std::vector<std::string>{"127.0.0.1:5061", "[::1]:5061", "sip.example.org:5071"});
    CHECK(core.tls.port == 5061);
    CHECK(core.wss.port == 0);
    CHECK(core.binding_lifetime == 10min);
    CHECK(core.ring_timeout == 60s);
    CHECK(core.longest_dialog == 12h);
}

TEST_CASE("A value that is given counts", "[config]")
{
    const auto loaded = read(std::string{least} + R"(
registrar: { binding_lifetime: 1h, shortest_binding: 90s, bindings_per_account: 3 }
limits: { idle_timeout: 2h, message_bytes: 16KiB, connections: 0 }
privacy: { relay_only: true, withhold_prefix: "", show_prefix: "*82" }
media: { keying: [zrtp], codecs: [opus, PCMA] }
log: { target: stderr, level: warning }
weaken: { digest_md5: [Alice@EXAMPLE.org], tls12: true, padding: 0 }
)");
    INFO(all(loaded.problems));
    REQUIRE(loaded.good());
    const auto& s = loaded.settings;
    CHECK(s.registrar.binding_lifetime == 1h);
    CHECK(s.registrar.shortest_binding == 90s);
    CHECK(s.limits.message_bytes == 16384);
    CHECK(s.core().relay_only);
    CHECK(s.core().withhold_prefix.empty());
    CHECK(s.core().show_prefix == "*82");
    CHECK(s.core().keying == std::vector<std::string>{"zrtp"});
    CHECK(s.core().codecs == std::vector<std::string>{"opus", "PCMA"});
    CHECK(s.log.target == LogTarget::stderr_);
    CHECK(s.log.level == LogLevel::warning);
    CHECK(s.cell_bytes() == 0);
    CHECK(s.uses_md5("Alice@example.org"));
    CHECK_FALSE(s.uses_md5("alice@example.org"));
    CHECK(weakenings(s).size() == 3);
}

TEST_CASE("An alias in an account's address means the account of the domain", "[config]")
{
    auto text = std::string{contract};
    text.replace(text.find("weaken: {}"), 10, "weaken: { digest_md5: [bob@sip.example.org] }");
    text.replace(text.find("routes: []"), 10,
                 "routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], protection: announce, "
                 "announcement: media@sip.example.org }]");
    const auto loaded = read(text);
    INFO(all(loaded.problems));
    REQUIRE(loaded.good());
    CHECK(loaded.settings.uses_md5("bob@example.org"));
    CHECK(loaded.settings.routes[0].announcement == "media@example.org");
}

TEST_CASE("Each mistake is named with its place, its key and the remedy", "[config]")
{
    struct Case {
        const char* lines;
        const char* said;
    };
    const auto c = GENERATE(
        Case{"threds: 2\n", "/etc/sotto/sotto.yaml:7:1: threds: is no key; did you mean threads?"},
        Case{"binding_lifetime: 5m\n",
             "7:1: binding_lifetime: is no key; this key belongs at registrar.binding_lifetime"},
        Case{"udp: true\n", "7:1: udp: is no key; remove it"},
        Case{"threads: many\n", "7:10: threads: \"many\" is no number"},
        Case{"threads: 1000\n", "7:10: threads: 1000 is too much; write 1 to 256, or 0"},
        Case{"threads:\n", "threads: has no value"}, Case{"threads: [1]\n", "7:10: threads: is no single value"},
        Case{"threads: 1\nthreads: 2\n", "8:1: threads: is given twice"},
        Case{"registrar: { binding_lifetime: 600 }\n",
             "7:32: registrar.binding_lifetime: has no unit; write 600s, 600m or 600h"},
        Case{"registrar: { binding_lifetime: 30s }\n", "30s is too little; write 1m to 1h"},
        Case{"registrar: { binding_lifetime: 61m }\n", "61m is too much; write 1m to 1h"},
        Case{"admin: { socket: "
             "/run/a-folder-with-a-long-name/another-folder-with-a-long-name/yet-another-folder-of-the-same/so.sock "
             "}\n",
             "admin.socket: is longer than 100 bytes"},
        Case{"registrar: { shortest_binding: 20m }\n", "registrar.shortest_binding is longer than"},
        Case{"limits: { idle_timeout: 5m }\n", "limits.idle_timeout is shorter than"},
        Case{
            "registrar: { binding_lifetime: 2m, shortest_binding: 60s }\npush: { gateway: \"push.example.org:443\" }\n",
            "registrar.binding_lifetime: is too short for phones that sleep"},
        Case{"registrar: 10m\n",
             "7:12: registrar: is no mapping; write keys under it, such as \"binding_lifetime: ...\""},
        Case{"privacy: { relay_only: yes }\n", "\"yes\" is neither true nor false; write true or false"},
        Case{"privacy: { padding: 1024 }\n", "1024 is too little; write 4096 to 16384"},
        Case{"privacy: { withhold_prefix: \"+31\" }\n", "\"+31\" cannot be dialled"},
        Case{"privacy: { withhold_prefix: \"*31#1\" }\n",
             "privacy.withhold_prefix: withhold_prefix and show_prefix begin alike"},
        Case{"privacy: { withhold_prefix: #31#\n }\n", "privacy.withhold_prefix: has no value"},
        Case{"media: { keying: [sdes] }\n", "7:19: media.keying: \"sdes\" is not known; write dtls-srtp or zrtp"},
        Case{"media: { keying: [] }\n", "media.keying: is empty"},
        Case{"media: { codecs: [x-canary] }\n",
             "media.codecs: \"x-canary\" is no codec that is known; write some of opus, PCMU, "},
        Case{"media: { codecs: [telephone-event] }\n", "media.codecs: \"telephone-event\" is no codec that is known"},
        Case{"media: { keying: zrtp }\n", "media.keying: is no list"},
        Case{"log: { level: trace }\n", "\"trace\" is not known; write debug, info, warning or error"},
        Case{"weaken: { digest_md5: [alice] }\n", "weaken.digest_md5: an entry is no account"},
        Case{"weaken: { digest_md5: [\"sip:alice@example.org\"] }\n", "weaken.digest_md5: an entry is no account"},
        Case{"weaken: { digest_md5: [alice@elsewhere.example] }\n", "an entry is of a domain that is not served"},
        Case{"billing: { routes: [trunk] }\n", "billing.routes[0]: is no mapping"},
        Case{"billing: { routes: [{ name: a }] }\n",
             "billing.routes[0].name: \"a\" is no route of kind gateway or peer; name one of routes, or leave it out"},
        Case{"billing: { routes: [{ name: a }] }\nroutes: [{ name: a, kind: peer, match: [x.example] }]\n",
             "billing.routes[0].name: the route \"a\" has no tariff"},
        Case{"billing: { routes: [{ name: a }, { name: a }] }\n"
             "routes: [{ name: a, kind: peer, match: [x.example], tariff: t }]\n",
             "billing.routes[1].name: \"a\" is named twice"},
        Case{
            "routes: [{ name: a, kind: peer, match: [x.example], tariff: t }]\n",
            "routes[0].tariff: the route has a tariff, and its calls are not billed; name the route in billing.routes"},
        Case{"billing: { routes: [{ name: a, prefix: 49x, tariff: t }] }\n",
             "billing.routes[0].prefix: \"49x\" is not how a number begins; write digits in quotes, such as \"+49\""},
        Case{"billing: { routes: [{ name: a, prefix: \"+49\" }] }\n",
             "billing.routes[0].name: needs prefix and tariff both, or neither"},
        Case{"billing: { routes: [{ name: a, prefix: \"1\", tariff: t }, { name: b, prefix: \"1\", tariff: t }] }\n",
             "billing.routes: two of them have the same prefix"},
        Case{"billing: { routes: [{ name: a, prefix: \"1\", tariff: t }] }\n"
             "routes: [{ name: a, kind: peer, match: [x.example], tariff: t }]\n",
             "billing.routes[0].name: \"a\" is one of routes, which says its tariff itself"},
        Case{"retention: { after_invoice_days: 181 }\n", "181 is too much; write 0 to 180"},
        Case{"retention: { without_invoice_days: 181 }\n", "181 is too much; write 1 to 180"},
        Case{"metrics: { listen: \"0.0.0.0:9161\" }\n", "metrics.listen: is not an address of this machine only"},
        Case{"routes: [{ name: trunk }]\n", "routes[0].kind: is missing"},
        Case{"routes: [{ name: a b, kind: peer, match: [x.example] }]\n", "\"a b\" is no name"},
        Case{"routes: [{ name: a, kind: trunk, match: [x.example] }]\n", "write peer, gateway or emergency"},
        Case{"routes: [{ name: a, kind: peer, match: [\"+49\"] }]\n",
             "routes[0].match: \"+49\" is nothing that a route of kind peer can match; it would belong to a route of "
             "kind "
             "gateway"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"112\"], target: [x.example] }]\n", "of kind emergency"},
        Case{"routes: [{ name: a, kind: peer, match: [example.org] }]\n", "is a domain of ours"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"] }]\n", "routes[0].target: is missing"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [192.0.2.1] }]\n",
             "certificates prove names, not addresses"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], username: u }]\n",
             "routes[0].username: stands alone"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], protection: announce }]\n",
             "routes[0].announcement: is missing"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], protection: announce, "
             "announcement: \"sip:media@example.org\" }]\n",
             "routes[0].announcement: is no account's address; write an address without a scheme"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], protection: announce, "
             "announcement: \"*\" }]\n",
             "routes[0].announcement: is no account's address"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], protection: announce, "
             "announcement: media@elsewhere.example }]\n",
             "routes[0].announcement: is of a domain that is not served"},
        Case{"routes: [{ name: a, kind: peer, match: [x.example], withheld_inside: true }]\n",
             "routes[0].withheld_inside: is for gateways and trusted peers only"},
        Case{"routes: [{ name: a, kind: gateway, match: [\"+\"], target: [x.example], trusted: true }]\n",
             "routes[0].trusted: is for peers only"},
        Case{"routes: [{ name: a, kind: emergency, match: [\"112\"], target: [x.example], protection: refuse }]\n",
             "would refuse emergency calls"},
        Case{"routes: [{ name: a, kind: emergency, match: [\"112\"], target: [x.example], tariff: t }]\n"
             "billing: { routes: [{ name: a }] }\n",
             "\"a\" is no route of kind gateway or peer"},
        Case{"routes: [{ name: a, kind: peer, match: [\"*\"] }, { name: a, kind: peer, match: [x.example] }]\n",
             "routes[1].name: \"a\" is named twice"},
        Case{"weaken: { sdes_routes: [trunk] }\n", "\"trunk\" is no route of kind gateway or emergency"},
        Case{"? [a]\n: 1\n", "has a key that is no word"}, Case{"a: [\n", "is no YAML"},
        Case{"---\nthreads: 1\n", "more than one document"});
    const auto text = all(problems_of(c.lines));
    INFO(c.lines << text);
    CHECK(text.find(c.said) != std::string::npos);
}

TEST_CASE("A text that goes on behind the end of its document is refused, not read for ever", "[config]")
{
    const auto text = all(read("a word alone\n  # a comment\nthreads: 1\n").problems);
    INFO(text);
    CHECK((text.find("more than one document") != std::string::npos || text.find("is no YAML") != std::string::npos));
    CHECK(all(read("{ a: b }\nthreads: 1\n").problems).find("2:1: is more than one document") != std::string::npos);
}

TEST_CASE("Listeners and domains: what does not work is refused", "[config]")
{
    const auto with_listen = [](const std::string& listen) {
        return all(read("domains: [{ name: example.org, aliases: [sip.example.org], certificate: c, private_key: k "
                        "}]\nlisten:\n" +
                        listen)
                       .problems);
    };
    CHECK(with_listen("  tls: [\"127.0.0.1:5061\", \"[::1]:5061\"]\n").empty());
    CHECK(with_listen("  tls: [\"127.0.0.1\"]\n").find("2:9") == std::string::npos);
    CHECK(with_listen("  tls: [\"127.0.0.1\"]\n").find("is no address to listen on") != std::string::npos);
    CHECK(with_listen("  tls: [\"localhost:5061\"]\n").find("is no address to listen on") != std::string::npos);
    CHECK(with_listen("  tls: [\"127.0.0.1:70000\"]\n").find("is no address to listen on") != std::string::npos);
    CHECK(with_listen("  tls: [\"127.0.0.1:5061\", \"127.0.0.1:5061\"]\n").find("is the same as one before") !=
          std::string::npos);
    CHECK(with_listen("  tls: []\n").find("listen.tls: is empty") != std::string::npos);
    CHECK(with_listen("  tls: [{ advertise: \"sip.example.org:5061\" }]\n").find("listen.tls[0].address: is missing") !=
          std::string::npos);
    CHECK(with_listen("  tls: [{ address: \"0.0.0.0:5061\", advertise: \"other.example:5061\" }]\n")
              .find("is not served") != std::string::npos);
    CHECK(with_listen("  tls: [{ address: \"0.0.0.0:5061\", advertise: \"192.0.2.1:5061\" }]\n")
              .find("is no name with a port") != std::string::npos);
    CHECK(with_listen("  wss: [\"127.0.0.1:5443\"]\n  tls: [\"127.0.0.1:5061\"]\n").empty());
    CHECK(with_listen("  tls: [\"127.0.0.1:5061\"]\n  wss: [\"127.0.0.1:5061\"]\n").find("is the same as one before") !=
          std::string::npos);
    CHECK(
        with_listen("  tls: [\"127.0.0.1:5061\"]\n  wss: [{ address: \"0.0.0.0:443\", advertise: \"other.example:443\" "
                    "}]\n")
            .find("is not served") != std::string::npos);
    CHECK(with_listen("  peers: [\"127.0.0.1:5062\"]\n  tls: [\"127.0.0.1:5061\"]\n").empty());
    CHECK(
        with_listen("  peers: [\"127.0.0.1:5061\"]\n  tls: [\"127.0.0.1:5061\"]\n").find("is the same as one before") !=
        std::string::npos);
    CHECK(with_listen("  tls: [\"127.0.0.1:5061\"]\nmetrics: { listen: \"127.0.0.1:5061\" }\n")
              .find("metrics.listen: is the same as one under listen") != std::string::npos);
    CHECK(with_listen("  udp: [\"127.0.0.1:5060\"]\n  tls: [\"127.0.0.1:5061\"]\n").find("listen.udp: is no key") !=
          std::string::npos);
    CHECK(with_listen("  tcp: [\"127.0.0.1:5060\"]\n  tls: [\"127.0.0.1:5061\"]\n").find("listen.tcp: is no key") !=
          std::string::npos);

    CHECK(all(read("domains: [{ name: 192.0.2.1, certificate: c, private_key: k }]\nlisten: { tls: "
                   "[\"127.0.0.1:5061\"] }\n")
                  .problems)
              .find("is no domain name") != std::string::npos);
    CHECK(all(read("domains: [{ name: a.example, aliases: [A.example], certificate: c, private_key: k }]\nlisten: { "
                   "tls: [\"127.0.0.1:5061\"] }\n")
                  .problems)
              .find("is named twice") != std::string::npos);
}

TEST_CASE("All mistakes are found at once, in the order of the file", "[config]")
{
    const auto problems =
        read("domains:\n  - name: 1\n    certificat: x\nlisten: { tls: nowhere }\nthreads: -1\nlog: { colour: blue }\n")
            .problems;
    std::vector<std::string> keys;
    for (const auto& problem : problems) keys.push_back(problem.key);
    CHECK(keys == std::vector<std::string>{"domains[0].certificate", "domains[0].private_key", "domains[0].name",
                                           "domains[0].certificat", "listen.tls", "threads", "log.colour"});
    CHECK(std::ranges::is_sorted(problems, {}, &Problem::line));
    CHECK(std::ranges::none_of(problems, [](const auto& p) { return p.remedy.empty() || p.line == 0; }));
}

TEST_CASE("A mistake about an account does not quote it", "[config][privacy]")
{
    CHECK(all(problems_of("weaken: { digest_md5: [\"sip:alice@example.org\", carol] }\n")).find("carol") ==
          std::string::npos);
    CHECK(all(problems_of("weaken: { digest_md5: [carol@elsewhere.example] }\n")).find("carol") == std::string::npos);
    for (const auto* address : {"\"sip:carol@example.org\"", "carol@elsewhere.example"}) {
        const auto said = all(problems_of(std::string{"routes: [{ name: a, kind: peer, match: [x.example], "
                                                      "protection: announce, announcement: "} +
                                          address + " }]\n"));
        CHECK(said.find("announcement") != std::string::npos);
        CHECK(said.find("carol") == std::string::npos);
    }
}

TEST_CASE("What may be somebody's is not quoted at whatever key it stands", "[config][privacy]")
{
    const std::string_view wrong = GENERATE(
        "carol@example.org: 1\n", "proxy: { carol@example.org: 20s }\n", "proxy: { \"+49 30 471147\": 20s }\n",
        "proxy: { ring_timeout: carol@example.org }\n", "threads: carol@example.org\n", "threads: 030-471147\n",
        "log: { level: \"sip:carol@example.org\" }\n", "push: { gateway: \"carol@example.org\" }\n",
        "admin: { operators: carol@example.org }\n", "web: { origins: [\"https://carol@example.org\"] }\n",
        "turn: { uris: [\"turn:carol@example.org\"] }\n", "weaken: { digest_md5: [*carol@example.org] }\n",
        "weaken: { sdes_routes: [carol@example.org] }\n",
        "routes: [{ name: carol@example.org, kind: peer, match: [x.example] }]\n",
        "routes: [{ name: a, kind: peer, match: [carol@example.org] }]\n",
        "routes: [{ name: a, kind: peer, match: [\"+4930471147\"] }]\n",
        "routes: [{ name: a, kind: peer, match: [x.example], target: [carol@example.org] }]\n",
        "listen: { tls: [\"carol@192.0.2.1:5061\"] }\n");
    const auto said = all(problems_of(std::string{wrong}));
    INFO(wrong << said);
    CHECK_FALSE(said.empty());
    for (const auto* quoted : {"carol", "471147"}) CHECK(said.find(quoted) == std::string::npos);
}

TEST_CASE("Empty files, sections without keys and hostile files", "[config]")
{
    CHECK(all(read("").problems).find("domains: is missing") != std::string::npos);
    CHECK(all(read("- 1\n").problems).find("is no mapping") != std::string::npos);
    CHECK(read(std::string{least} + "registrar:\nlimits:\nweaken:\nroutes:\n").good());
    CHECK_FALSE(read(std::string(100'000, '[')).good());
    CHECK_FALSE(read("a: &a [1]\nb: *c\n").good());
    CHECK_FALSE(read(std::string{"a\0b: 1\n", 7}).good());
}

TEST_CASE("A file that is not there is said to be so", "[config]")
{
    const auto loaded = load("does/not/exist.yaml");
    REQUIRE(loaded.problems.size() == 1);
    CHECK(to_string(loaded.problems[0]) ==
          "does/not/exist.yaml: there is no such file; give the configuration file's path by --config");
}

TEST_CASE("What is there in place of a file is named", "[config]")
{
    const auto problem_of = [](const char* path) { return to_string(load(path).problems.at(0)); };
    CHECK(problem_of("/") == "/: is a folder; give the configuration file's path by --config");
    CHECK(problem_of("/dev/null").starts_with("/dev/null: is no ordinary file, but a pipe, a socket or a device; "));
}

TEST_CASE("Where the daemon is asked is known of a file that is wrong elsewhere", "[config]")
{
    const auto socket_of = [](const std::string& text) -> std::string {
        const auto loaded = read(text);
        REQUIRE_FALSE(loaded.good());
        return tells_socket(loaded) ? loaded.settings.admin.socket.string() : "unknown";
    };
    const std::string wrong = "regstrar: {}\n";
    CHECK(socket_of(wrong) == "/run/sotto/admin.sock");
    CHECK(socket_of(wrong + "admin: { socket: /run/b.sock }\n") == "/run/b.sock");
    CHECK(socket_of("admin: { socket: /run/b.sock, operators: [] }\n") == "/run/b.sock");
    CHECK(socket_of("admn: { socket: /run/b.sock }\n") == "/run/b.sock");
    // It is wrong itself, or may be what was mistyped.
    CHECK(socket_of("admin: { socket: [] }\n") == "unknown");
    CHECK(socket_of("admin: { sockte: /run/b.sock }\n") == "unknown");
    CHECK(socket_of("admin: /run/b.sock\n") == "unknown");
    // And what is no YAML at all.
    CHECK(socket_of("threads: [\n") == "/run/sotto/admin.sock");
    CHECK(socket_of("admin:\n  # socket: /run/a.sock\n  socket: \"/run/b.sock\"  # ours\nthreads: [\n") ==
          "/run/b.sock");
    CHECK(socket_of("{ \"admin\": { \"socket\": \"/run/b.sock\" },\n") == "/run/b.sock");
    CHECK(socket_of("admin: { socket: /run/b.sock }\nthreads: \x01\n") == "/run/b.sock");
    CHECK_FALSE(tells_socket(load("does/not/exist.yaml")));
    CHECK_FALSE(tells_socket(load("/")));
}

TEST_CASE("A reload says which changes need a restart", "[config]")
{
    auto text = std::string{least};
    const auto now = read(text).settings;
    CHECK(differences(now, now).empty());
    text.replace(text.find("127.0.0.1:5061"), 14, "127.0.0.1:5071");
    text += "threads: 4\nstate_directory: elsewhere\nproxy: { ring_timeout: 20s }\nlog: { level: debug }\n";
    const auto next = read(text);
    REQUIRE(next.good());
    std::vector<std::string> restart, reload;
    for (const auto& difference : differences(now, next.settings))
        (difference.effect == Effect::restart ? restart : reload).push_back(difference.key);
    CHECK(restart == std::vector<std::string>{"listen.tls[0].address", "threads", "state_directory"});
    CHECK(reload == std::vector<std::string>{"proxy.ring_timeout", "log.level"});
}

TEST_CASE("Lists are compared entry by entry", "[config]")
{
    const std::string carrier = "{ name: carrier, kind: gateway, match: [\"+\"], target: [a.example.net] }";
    const auto now = read(std::string{least} + "routes: [" + carrier + "]\n").settings;
    const auto next =
        read(std::string{least} + "routes:\n  - " + carrier + "\n  - { name: friends, kind: peer, match: [\"*\"] }\n");
    INFO(all(next.problems));
    REQUIRE(next.good());
    const auto said = [](const Settings& one, const Settings& other) {
        std::string text;
        for (const auto& [key, before, after, effect] : differences(one, other))
            text += key + ": " + before + " -> " + after + (effect == Effect::restart ? " (restart)\n" : "\n");
        return text;
    };
    CHECK(said(now, next.settings) == "routes[1].name:  -> \"friends\"\nroutes[1].kind:  -> peer\n"
                                      "routes[1].match:  -> [\"*\"]\nroutes[1].target:  -> []\n"
                                      "routes[1].username:  -> \"\"\nroutes[1].tariff:  -> \"\"\n"
                                      "routes[1].caller_id:  -> from\nroutes[1].withheld_inside:  -> false\n"
                                      "routes[1].trusted:  -> false\nroutes[1].protection:  -> mark\n"
                                      "routes[1].announcement:  -> \"\"\n");
    auto moved = now;
    moved.routes[0].target = {"b.example.net"};
    moved.domains[0].numbers.country = "49";
    CHECK(said(now, moved) == "domains[0].country_code: \"\" -> \"49\"\n"
                              "routes[0].target: [a.example.net] -> [b.example.net]\n");

    auto named = now;
    named.routes[0].username = "alice";
    named.routes[0].announcement = "alice@example.org";
    CHECK(said(now, named) == "routes[0].username: \"\" -> set\nroutes[0].announcement: \"\" -> set\n");
    auto renamed = named;
    renamed.routes[0].username = "bob";
    renamed.routes[0].announcement = "bob@example.org";
    CHECK(said(named, renamed) == "routes[0].username: set -> changed\nroutes[0].announcement: set -> changed\n");
    CHECK(said(named, now) == "routes[0].username: set -> \"\"\nroutes[0].announcement: set -> \"\"\n");
}

TEST_CASE("Whatever needs a restart stays until then", "[config]")
{
    const auto now = read(least).settings;
    auto next = now;
    next.listen.tls[0].address.port = 1;
    next.threads = 4;
    next.admin.socket = "elsewhere";
    next.weaken.audit_key_file = "audit.key";
    next.weaken.master_key_file = "master.key";
    next.billing.routes.emplace_back().name = "carrier";
    next.proxy.ring_timeout = std::chrono::seconds{20};
    keep_what_needs_restart(next, now);
    const auto left = differences(now, next);
    REQUIRE(left.size() == 1);
    CHECK(left[0].key == "proxy.ring_timeout");
    for (const auto& key : keys()) {
        if (key.effect != Effect::restart || key.field.show_entry != nullptr) continue;
        CAPTURE(key.path);
        CHECK((key.kind == Kind::section || key.field.keep != nullptr));
    }
}

TEST_CASE("The default of each key is a value that the key takes", "[config]")
{
    for (const auto& key : keys()) {
        if (key.field.show == nullptr || key.kind == Kind::list) continue;
        const auto initial = key.field.show(Settings{}, key);
        if (initial.empty()) continue;
        const std::string path{key.path};
        const auto dot = path.find('.');
        const auto line = dot == std::string::npos
                              ? path + ": " + initial
                              : path.substr(0, dot) + ": { " + path.substr(dot + 1) + ": " + initial + " }";
        const auto loaded = read(least + line + "\n");
        INFO(line << "\n" << all(loaded.problems));
        CHECK(loaded.good());
        CHECK(key.field.show(loaded.settings, key) == initial);
    }
}

TEST_CASE("a problem is one line, whatever stands where a key should", "[config]")
{
    const auto loaded = load_text("domains: 1\n\"li\\nsten\\e[2J\": 1\n", "sotto.yaml");
    REQUIRE_FALSE(loaded.good());
    for (const auto& problem : loaded.problems)
        for (const char c : to_string(problem)) CHECK(static_cast<unsigned char>(c) >= 0x20);
}

TEST_CASE("a control character is refused before the parser sees it", "[config]")
{
    const std::string text{"domains: 1\n  # a secon\x01\0\0cd; more\n", 34};
    const auto loaded = load_text(text, "sotto.yaml");
    REQUIRE(loaded.problems.size() == 1);
    CHECK(to_string(loaded.problems.front()).starts_with("sotto.yaml:2:12: is no YAML: a control character"));
}

TEST_CASE("Only weaken keeps calls beyond the ceiling", "[config]")
{
    using std::chrono::days;
    const auto policy = [](const std::string& more) {
        const auto loaded = read(least + more);
        INFO(all(loaded.problems));
        REQUIRE(loaded.problems.empty());
        return loaded.settings.retention_policy();
    };
    CHECK(policy("").after_invoice == days{90});
    CHECK(policy("").without_invoice == days{180});
    CHECK(policy("retention: { after_invoice_days: 180 }\n").after_invoice == days{180});
    CHECK(policy("weaken: { after_invoice_days: 365 }\n").after_invoice == days{365});
}
