#include "core/routing/choose.hpp"
#include "core/routing/presentation.hpp"

#include <catch2/catch.hpp>

#include <map>

using namespace sotto;

namespace {

class Directory final : public AccountDirectory {
public:
    void add(const std::string& user, std::uint64_t id, std::string_view number = {})
    {
        auto& account = accounts_[user];
        account.id = AccountId{id};
        account.user = accounts_.find(user)->first;
        account.domain = "example.org";
        account.number = number;
    }
    [[nodiscard]] const Account* find(std::string_view user, std::string_view domain) const override
    {
        const auto found = accounts_.find(user);
        return found == accounts_.end() || domain != "example.org" ? nullptr : &found->second;
    }
    [[nodiscard]] const Account* find(AccountId id) const override
    {
        for (const auto& [user, account] : accounts_)
            if (account.id == id) return &account;
        return nullptr;
    }
    [[nodiscard]] std::size_t size() const override { return accounts_.size(); }
    [[nodiscard]] std::uint32_t md5_share() const override { return 0; }

private:
    std::map<std::string, Account, std::less<>> accounts_;
};

struct Desk {
    Desk()
    {
        settings.domains = {{"example.org", {"sip.example.org"}, {.country = "49", .area = "30"}}};
        settings.routes = {
            {.name = "friends", .domains = {"example.net"}},
            {.name = "germany", .kind = Receiver::gateway, .prefixes = {"+49"}, .targets = {{"de.trunk.example"}}},
            {.name = "world", .kind = Receiver::gateway, .prefixes = {"+"}, .targets = {{"trunk.example", 5061}}},
            {.name = "sos",
             .kind = Receiver::emergency,
             .numbers = {"112", "110"},
             .services = {"sos"},
             .targets = {{"psap.example"}}},
        };
        accounts.add("alice", 1, "+49301111111");
        accounts.add("+49302222222", 2);
        accounts.add("1900", 3);
    }

    Decision dial(Scheme scheme, std::string_view user, std::string_view host = {}, std::string_view params = {}) const
    {
        Uri uri;
        uri.scheme = scheme;
        uri.user = user;
        uri.host = host;
        uri.params = params;
        return choose({settings, accounts}, "example.org", uri, user);
    }
    std::string way(std::string_view user, std::string_view host = "example.org") const
    {
        const auto decision = dial(Scheme::sip, user, host);
        if (decision.way == Decision::Way::refused) return std::to_string(verdict_of(decision.refusal).status);
        return decision.way == Decision::Way::inside ? decision.aor : decision.route->name + " " + decision.number;
    }

    CoreSettings settings;
    Directory accounts;
};

} // namespace

TEST_CASE("the first route that matches counts")
{
    const Desk desk;
    CHECK(desk.way("alice") == "alice@example.org");
    CHECK(desk.way("nobody") == "nobody@example.org");
    CHECK(desk.way("0301234567") == "germany +49301234567");
    CHECK(desk.way("0044207946000") == "world +44207946000");
    CHECK(desk.way("+49301234567", "sip.example.org") == "germany +49301234567");
    CHECK(desk.way("+44207946000;isub=1") == "world +44207946000"); // RFC 3261 19.1.6
    CHECK(desk.way("7654321;phone-context=example.org") == "germany +49307654321");
    CHECK(desk.way("+49302222222;npdi") == "+49302222222@example.org");
    CHECK(desk.way("alice;friend") == "alice;friend@example.org");
    CHECK(desk.way("bob", "example.net") == "friends ");
    CHECK(desk.way("bob", "EXAMPLE.net") == "friends ");
    CHECK(desk.way("bob", "elsewhere.example") == "404");
    CHECK(desk.way("0") == "0@example.org"); // an account may be called so
    CHECK(desk.way("116117") == "116117@example.org");
    CHECK(desk.way("+49116117") == "germany +49116117");
    CHECK(desk.dial(Scheme::tel, "116117", {}, "phone-context=example.org").refusal == Refusal::address_incomplete);
}

TEST_CASE("calls to own numbers stay inside, however they are dialled")
{
    const Desk desk;
    for (const auto* dialled : {"+49302222222", "0302222222", "0049302222222", "2222222"})
        CHECK(desk.way(dialled) == "+49302222222@example.org");
    CHECK(desk.dial(Scheme::tel, "+49-30-2222222").aor == "+49302222222@example.org");
    CHECK(desk.way("1900") == "1900@example.org"); // an account's own name comes before any number
}

TEST_CASE("without gateways a number is one of ours or nobody's, and help is still help")
{
    const Desk desk;
    const auto dial = [&](Scheme scheme, std::string_view user, std::string_view host = "example.org") {
        Uri uri;
        uri.scheme = scheme;
        uri.user = user;
        if (scheme == Scheme::sip) uri.host = host;
        return choose({desk.settings, desk.accounts, false}, "example.org", uri, user);
    };
    CHECK(dial(Scheme::sip, "0302222222").aor == "+49302222222@example.org");
    CHECK(dial(Scheme::sip, "0302222223").aor == "+49302222223@example.org");
    CHECK(dial(Scheme::tel, "+44-20-7946000").aor == "+44207946000@example.org");
    CHECK(dial(Scheme::sip, "bob", "example.net").route->name == "friends");
    CHECK(dial(Scheme::sip, "112").emergency());
}

TEST_CASE("tel: goes where its number goes")
{
    const Desk desk;
    CHECK(desk.dial(Scheme::tel, "+442079460000").route->name == "world");
    CHECK(desk.dial(Scheme::tel, "7654321", {}, "phone-context=example.org").number == "+49307654321");
    CHECK(desk.dial(Scheme::tel, "7654321", {}, "phone-context=elsewhere.example").refusal == Refusal::not_found);
    CHECK(desk.dial(Scheme::tel, "7654321").refusal == Refusal::address_incomplete);
}

TEST_CASE("each domain has its own way of dialling")
{
    Desk desk;
    desk.settings.domains.push_back({"example.com", {}, {.country = "44", .area = "20"}});
    const auto dialled = [&](std::string_view user, std::string_view domain) {
        Uri uri;
        uri.scheme = Scheme::sip;
        uri.user = user;
        uri.host = domain;
        return choose({desk.settings, desk.accounts}, domain, uri, user).number;
    };
    CHECK(dialled("0301234567", "example.org") == "+49301234567");
    CHECK(dialled("02079460000", "example.com") == "+442079460000");
    CHECK(dialled("7946000", "example.com") == "+44207946000");
    Uri local;
    local.scheme = Scheme::tel;
    local.user = "7946000";
    local.params = "phone-context=example.com"; // whoever dials it
    CHECK(choose({desk.settings, desk.accounts}, "example.org", local, local.user).number == "+44207946000");
}

TEST_CASE("emergency calls come before everything else")
{
    Desk desk;
    desk.accounts.add("112", 9); // whatever an account is called
    CHECK(desk.dial(Scheme::sip, "112", "example.org").emergency());
    CHECK(desk.dial(Scheme::sip, "1-1-2", "example.org").emergency());
    CHECK(desk.dial(Scheme::tel, "112", {}, "phone-context=+49").emergency());
    CHECK(desk.dial(Scheme::sip, "112;phone-context=+49", "example.org").emergency());
    CHECK(desk.dial(Scheme::sip, "112;phone-context=example.org", "sip.example.org").emergency());
    CHECK(desk.dial(Scheme::urn, "service:sos").service == "sos");
    CHECK(desk.dial(Scheme::urn, "service:SOS.fire").service == "sos.fire");
    CHECK_FALSE(desk.dial(Scheme::urn, "service:sosfire").emergency());
    CHECK_FALSE(desk.dial(Scheme::sip, "112", "elsewhere.example").emergency()); // somebody's address there
    CHECK(desk.dial(Scheme::sip, "911", "example.org").service == "sos");        // whoever comes from afar dials it
    desk.settings.routes.pop_back();
    CHECK(desk.dial(Scheme::sip, "911", "example.org").refusal == Refusal::not_found); // never a number of the town
    CHECK(desk.dial(Scheme::sip, "112", "example.org").refusal == Refusal::not_found);
    CHECK(desk.dial(Scheme::urn, "service:sos").refusal == Refusal::not_found);
}

TEST_CASE("a route that names help by one of its names carries it by all of them")
{
    Desk desk;
    auto& help = desk.settings.routes.back();
    const auto carried = [&](const Decision& decision, std::string_view number) {
        CHECK(decision.emergency());
        CHECK(decision.service == "sos");
        CHECK(decision.number == number);
    };
    SECTION("by its service")
    {
        help.numbers.clear();
        carried(desk.dial(Scheme::sip, "112", "example.org"), "112");
        carried(desk.dial(Scheme::tel, "911", {}, "phone-context=example.org"), "911");
        CHECK(desk.way("110") == "110@example.org"); // nobody's: not everywhere a call for help, nor one of the town
    }
    SECTION("by its number")
    {
        help.numbers = {"112"};
        help.services.clear();
        carried(desk.dial(Scheme::urn, "service:sos"), "");
        CHECK(desk.dial(Scheme::urn, "service:sos.fire").service == "sos.fire");
        carried(desk.dial(Scheme::sip, "911", "example.org"), "911");
    }
    SECTION("one kind of help is not every kind")
    {
        help.numbers = {"110"};
        help.services = {"sos.police"};
        CHECK(desk.dial(Scheme::sip, "112", "example.org").refusal == Refusal::not_found);
        CHECK(desk.dial(Scheme::urn, "service:sos").refusal == Refusal::not_found);
        CHECK(desk.dial(Scheme::urn, "service:sos.police").emergency());
    }
}

TEST_CASE("an address, or a name of our own network, is nobody's domain")
{
    Desk desk;
    desk.settings.routes.push_back({.name = "everybody", .domains = {"*"}});
    for (const auto* host :
         {"192.0.2.1", "127.0.0.1", "[::1]", "[2001:db8::1]", "localhost", "printer", "1", "2130706433"})
        CHECK(desk.way("bob", host) == "404");
    CHECK(desk.way("bob", "elsewhere.example") == "everybody ");
    desk.settings.routes.back().domains = {"*", "intranet"}; // unless the operator has named it
    CHECK(desk.way("bob", "intranet") == "everybody ");
}

TEST_CASE("a gateway is asked for a number by the scheme that was dialled, and tel: is sip:")
{
    Desk desk;
    const auto asked = [&](Scheme scheme, const Decision& decision) {
        return present(decision, decision.route->targets.front(), scheme, {}).request_uri;
    };
    CHECK(asked(Scheme::sips, desk.dial(Scheme::sips, "0044207946000", "example.org")) ==
          "sips:+44207946000@trunk.example:5061;user=phone");
    CHECK(asked(Scheme::tel, desk.dial(Scheme::tel, "+44207946000")) ==
          "sip:+44207946000@trunk.example:5061;user=phone");
}

TEST_CASE("each kind of receiver is shown what it needs")
{
    Desk desk;
    const auto* alice = desk.accounts.find(AccountId{1});
    const auto shown = [&](const Decision& decision, bool withheld) {
        const auto target =
            decision.route->targets.empty() ? Destination{"example.net"} : decision.route->targets.front();
        return present(decision, target, Scheme::sip,
                       {.account = alice, .aor = "alice@example.org", .display = "Alice", .withheld = withheld});
    };
    SECTION("a peer: the address, or nobody")
    {
        const auto decision = desk.dial(Scheme::sip, "bob", "example.net");
        CHECK(shown(decision, false).request_uri == "sip:bob@example.net");
        CHECK(shown(decision, false).from == "\"Alice\" <sip:alice@example.org>");
        CHECK(shown(decision, false).asserted.empty());
        CHECK(shown(decision, true).from == "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        CHECK(shown(decision, true).asserted.empty());
        desk.settings.routes[0].trusted = true;
        CHECK(shown(decision, false).asserted == std::vector<std::string>{"<sip:alice@example.org>"});
        CHECK(shown(decision, false).privacy.empty());
        CHECK(shown(decision, true).asserted.empty());
        CHECK(shown(decision, true).privacy.empty());
        desk.settings.routes[0].withheld_inside = true;
        CHECK(shown(decision, true).asserted == std::vector<std::string>{"<sip:alice@example.org>"});
        CHECK(shown(decision, true).privacy == "id");
    }
    SECTION("a gateway: the number, and no name or address")
    {
        const auto decision = desk.dial(Scheme::sip, "0044207946000", "example.org");
        auto sent = shown(decision, false);
        CHECK(sent.request_uri == "sip:+44207946000@trunk.example:5061;user=phone");
        CHECK(sent.from == "<sip:+49301111111@example.org;user=phone>");
        CHECK(sent.asserted.empty());
        CHECK(shown(decision, true).from == "\"Anonymous\" <sip:anonymous@anonymous.invalid>");
        desk.settings.routes[2].caller_id = CallerId::asserted;
        CHECK(shown(decision, false).asserted == std::vector<std::string>{"<sip:+49301111111@example.org;user=phone>"});
        CHECK(shown(decision, true).asserted.empty());
        desk.settings.routes[2].withheld_inside = true;
        CHECK(shown(decision, true).asserted.size() == 1);
        CHECK(shown(decision, true).privacy == "id");
    }
    SECTION("an emergency service: who calls, always")
    {
        const auto sent = shown(desk.dial(Scheme::sip, "112", "example.org"), true);
        CHECK(sent.request_uri == "urn:service:sos");
        CHECK(sent.from == "\"Alice\" <sip:alice@example.org>");
        CHECK(sent.asserted == std::vector<std::string>{"<sip:alice@example.org>", "<tel:+49301111111>"});
        CHECK(sent.privacy.empty());
    }
}
