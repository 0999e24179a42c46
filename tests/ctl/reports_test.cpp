#include "ctl/admin/report_commands.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using Catch::Matchers::Contains;

namespace {

config::RouteEntry route(std::string name, std::uint32_t kind, std::string match, std::string target)
{
    return {.name = std::move(name), .kind = kind, .match = {std::move(match)}, .target = {std::move(target)}};
}

config::Settings with(const config::RouteEntry& route)
{
    config::Settings settings;
    settings.routes.push_back(route);
    return settings;
}

/// What stands in the notice under "What others learn" and in the record under "Recipients".
std::string learned(const config::Settings& settings)
{
    const auto part = [](const std::string& document, const std::string& heading) {
        const auto begin = document.find("## " + heading);
        return document.substr(begin, document.find("\n## ", begin) - begin);
    };
    const auto told = part(ctl::privacy_notice(settings), "What others learn");
    const auto recorded = part(ctl::record_of_processing(settings, {}), "Recipients");
    for (std::size_t at = recorded.find("\n* ", recorded.find("\n* ") + 1); at != std::string::npos;) {
        const auto next = recorded.find("\n* ", at + 1);
        const auto line = recorded.substr(at, next == std::string::npos ? next : next - at);
        if (line.find("No others.") == std::string::npos) CHECK_THAT(told, Contains(line));
        at = next;
    }
    return recorded;
}

constexpr std::uint32_t peer = 0, gateway = 1, emergency = 2;

} // namespace

TEST_CASE("where nothing leads outside the parties of a call are the only recipients")
{
    CHECK_THAT(learned({}), Contains("* No others."));
    CHECK_THAT(ctl::privacy_notice({}), Contains("* Nobody else learns anything of your calls."));
    CHECK_THAT(ctl::privacy_notice({}), !Contains("sleeps"));
    CHECK_THAT(ctl::record_of_processing({}, {}), !Contains("sleeps"));
}

TEST_CASE("a carrier is a recipient, of what its route shows it")
{
    auto carrier = route("carrier", gateway, "+", "trunk.example.net");
    auto text = learned(with(carrier));
    CHECK_THAT(text, Contains("The telephone network (route \"carrier\": trunk.example.net)") &&
                         Contains("a withheld number is not told") && !Contains("No others"));
    carrier.withheld_inside = true;
    text = learned(with(carrier));
    CHECK_THAT(text, Contains("a withheld number is told all the same"));
    const std::string noticed{"\"carrier\" is told who calls also when the caller withholds it"};
    CHECK_THAT(ctl::privacy_notice(with(carrier)), Contains(noticed));
    CHECK_THAT(ctl::impact_assessment(with(carrier)), Contains(noticed));
    CHECK_THAT(ctl::privacy_notice(with(carrier)), !Contains("Nobody else learns"));
}

TEST_CASE("another domain is a recipient, of what its route shows it")
{
    auto friends = route("friends", peer, "friend.example", "sip.friend.example");
    auto text = learned(with(friends));
    CHECK_THAT(text, Contains("Other domains (route \"friends\": sip.friend.example)") &&
                         Contains("who withholds the address is not named") && !Contains("called before") &&
                         !Contains("name servers"));
    friends.trusted = true;
    CHECK_THAT(learned(with(friends)), Contains("who was called before") && Contains("is not named"));
    friends.withheld_inside = true;
    CHECK_THAT(learned(with(friends)), Contains("who withholds the address is named all the same"));
    friends.target.clear();
    CHECK_THAT(learned(with(friends)), Contains("(route \"friends\": friend.example)") && Contains("name servers"));
}

TEST_CASE("an emergency service is a recipient, and named whoever withholds")
{
    CHECK_THAT(learned(with(route("help", emergency, "112", "psap.example"))),
               Contains("An emergency service (route \"help\": psap.example)") && Contains("whoever withholds them") &&
                   Contains("location"));
}

TEST_CASE("a push gateway is a recipient, and what it needs is kept in memory")
{
    config::Settings settings;
    settings.push.gateway = config::HostPort{"push.example.org", 443};
    settings.push.providers = {"apns", "fcm"};
    CHECK_THAT(learned(settings),
               Contains("The push gateway push.example.org:443, and by it apns, fcm") && Contains("not who calls"));
    for (const auto& document : {ctl::privacy_notice(settings), ctl::record_of_processing(settings, {})})
        CHECK_THAT(document, Contains("What wakes a device that sleeps") && Contains("at most 10m"));
}

TEST_CASE("relays are recipients")
{
    config::Settings settings;
    settings.turn.uris = {"turn:turn.example.org:3478"};
    CHECK_THAT(learned(settings), Contains("The relays turn:turn.example.org:3478: the network addresses"));
}

TEST_CASE("the notice says how the address is withheld here")
{
    config::Settings settings;
    CHECK_THAT(ctl::privacy_notice(settings), Contains("(dial #31# before the address, or have your account set so)"));
    settings.privacy.withhold_prefix.clear();
    CHECK_THAT(ctl::privacy_notice(settings), Contains("unless you withhold it (have your account set so)"));
}

TEST_CASE("the record says how long billed calls are kept here, and which calls these are", "[billing]")
{
    const auto record = [](const config::Settings& settings) { return ctl::record_of_processing(settings, {}); };
    auto settings = with(route("carrier", gateway, "+", "trunk.example.net"));
    CHECK_THAT(record(settings),
               Contains("| 90 days after the invoice; ") && Contains("None: no call leaves a record."));
    settings.routes.front().tariff = "national";
    settings.billing.routes = {{.name = "carrier"},
                               {.name = "inner",
                                .prefix = "+49900",
                                .tariff = "premium",
                                .charge = config::Charge::itemised_flat,
                                .start_rounding = seconds{60},
                                .hidden_digits = 3}};
    settings.retention = {.after_invoice_days = 7, .without_invoice_days = 31};
    CHECK_THAT(
        record(settings),
        Contains("| 7 days after the invoice; flat rate with itemised bill: until the statement is made; without "
                 "either, 31 days after the end of the month |") &&
            Contains("| over the route \"carrier\" | national | Chargeable, outgoing | 1s | 0 | 7 days after the "
                     "invoice |") &&
            Contains("| between subscribers, to +49900... | premium | Flat rate, itemised bill wanted | 1m | 3 | "
                     "until the statement is made |") &&
            !Contains("90 days") && !Contains("180"));
    settings.weaken.after_invoice_days = 365;
    CHECK_THAT(record(settings), Contains("| 365 days after the invoice; ") &&
                                     Contains("* weaken.after_invoice_days: chargeable calls are kept for 365 days") &&
                                     !Contains("| 7 days"));
}

TEST_CASE("the notice does not contradict what is configured less private", "[privacy]")
{
    const auto line = [](const config::Settings& settings, const std::string& begin) {
        const auto notice = ctl::privacy_notice(settings);
        const auto at = notice.find("\n* " + begin);
        REQUIRE(at != std::string::npos);
        return notice.substr(at + 3, notice.find('\n', at + 1) - at - 3);
    };
    const std::string devices = "No party of a call learns the software", listening = "Media is encrypted";
    config::Settings settings;
    settings.privacy.relay_only = true;
    CHECK_THAT(line(settings, devices),
               Contains("except the fingerprint of the device's own media key, what the device can do in a call."));
    CHECK_THAT(line(settings, listening), Contains("this server cannot listen."));
    settings.privacy.relay_only = false;
    CHECK_THAT(line(settings, devices), Contains(", the device's network address."));
    settings.weaken.public_gruus = true;
    CHECK_THAT(line(settings, devices), Contains(", an address of the device that stays the same."));
    settings.weaken.sdes_routes = {"carrier", "help"};
    CHECK_THAT(line(settings, listening), Contains("cannot listen, except") && Contains("by way of carrier, help."));
    CHECK_THAT(ctl::record_of_processing(settings, {}),
               Contains("* weaken.public_gruus: ") && Contains("* weaken.sdes_routes: on the route \"help\""));
}

TEST_CASE("what an emergency call leaves behind is in both documents, where there can be one", "[privacy]")
{
    const auto help = with(route("help", emergency, "112", "psap.example"));
    CHECK_THAT(ctl::privacy_notice(help),
               Contains("not billed: nothing, but when an emergency call was carried and over "
                        "which route, without anybody's name. "));
    CHECK_THAT(ctl::privacy_notice({}), Contains("not billed: nothing. "));
    CHECK_THAT(ctl::record_of_processing(help, {}),
               Contains("Each emergency call has an entry, of the purpose operate"));
    CHECK_THAT(ctl::record_of_processing({}, {}), !Contains("mergency"));
}
