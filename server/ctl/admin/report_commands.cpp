#include "ctl/admin/report_commands.hpp"

#include "audit/retention.hpp"
#include "config/check.hpp"
#include "config/value.hpp"
#include "ctl/admin/ledger_commands.hpp"
#include "store/database/purpose.hpp"
#include "store/wait_for.hpp"

#include <algorithm>

namespace sotto::ctl {
namespace {

std::string domains_of(const config::Settings& settings)
{
    std::string names;
    for (const auto& domain : settings.domains) names.append(names.empty() ? "" : ", ").append(domain.name);
    return names;
}

std::string list_of(const std::vector<std::string>& sentences, const std::string& none)
{
    std::string text;
    for (const auto& sentence : sentences) text.append("* ").append(sentence).append("\n");
    return text.empty() ? none + "\n" : text;
}

std::string joined(const std::vector<std::string>& words)
{
    std::string text;
    for (const auto& word : words) text.append(text.empty() ? "" : ", ").append(word);
    return text;
}

std::string days_text(retention::days days)
{
    return std::to_string(days.count()) + (days.count() == 1 ? " day" : " days");
}

/// How long the calls of a case are kept here, whatever the guide says.
std::string kept(const retention::Policy& policy, retention::Case kind)
{
    return retention::rule_of(kind).from == retention::From::statement
               ? "until the statement is made"
               : days_text(policy.period_of(kind)) + " after the invoice";
}

std::string purposes_table(const retention::Policy& policy)
{
    const auto how_long = [&](const store::DeclaredPurpose& purpose) {
        if (purpose.name != store::name_of(store::Purpose::billing)) return purpose.retention;
        return kept(policy, retention::Case::chargeable) +
               "; flat rate with itemised bill: " + kept(policy, retention::Case::itemised_flat) +
               "; without either, " + days_text(policy.without_invoice) + " after the end of the month";
    };
    std::string text = "| purpose | legal basis | source | who acts | how long |\n| --- | --- | --- | --- | --- |\n";
    for (const auto& purpose : store::Purposes::declared().all())
        text += "| " + purpose.name + " | " + purpose.basis + " | " + purpose.source + " | " + joined(purpose.roles) +
                " | " + how_long(purpose) + " |\n";
    return text;
}

std::string billed_calls(const config::Settings::BilledRoute& billed)
{
    return billed.prefix.empty() ? "over the route \"" + billed.name + "\""
                                 : "between subscribers, to " + billed.prefix + "...";
}

std::string tariff_of(const config::Settings& settings, const config::Settings::BilledRoute& billed)
{
    if (!billed.prefix.empty()) return billed.tariff;
    const auto route = std::ranges::find(settings.routes, billed.name, &config::RouteEntry::name);
    return route == settings.routes.end() ? std::string{} : route->tariff;
}

/// What is written of which calls.
std::string billed_table(const config::Settings& settings)
{
    if (settings.billing.routes.empty()) return "None: no call leaves a record.\n";
    std::string text = "| calls | tariff class | case | begin in steps of | last digits left out | how long |\n"
                       "| --- | --- | --- | --- | --- | --- |\n";
    for (const auto& billed : settings.billing.routes) {
        const auto kind = static_cast<retention::Case>(billed.charge);
        text += "| " + billed_calls(billed) + " | " + tariff_of(settings, billed) + " | " +
                std::string{retention::rule_of(kind).meaning} + " | " +
                config::duration_text(billed.start_rounding.count()) + " | " + std::to_string(billed.hidden_digits) +
                " | " + kept(settings.retention_policy(), kind) + " |\n";
    }
    return text;
}

std::string audit_table()
{
    std::string text = "| purpose of the action | months |\n| --- | --- |\n";
    for (const auto& keep : audit::keep_times())
        text += "| " + std::string{keep.purpose} + " | " + std::to_string(keep.time.count()) + " |\n";
    return text;
}

/// Each case, and whose consent it has; whom it concerns is for those who may list holds.
std::string holds_table(const std::vector<store::HoldCase>& holds)
{
    if (holds.empty()) return "None.\n";
    std::string text = "| case | basis | calls of | until | asked by | consented by |\n"
                       "| --- | --- | --- | --- | --- | --- |\n";
    for (const auto& hold : holds)
        text += "| " + std::string{store::name_of(hold.kind)} + " | " + hold.basis + " | " + to_text(hold.first) +
                (hold.last == hold.first ? std::string{} : " to " + to_text(hold.last)) + " | " +
                to_text(hold.expires) + " | " + hold.asked_by + " | " +
                (hold.consented_by.empty() ? std::string{"nobody yet: not in force"} : hold.consented_by) + " |\n";
    return text;
}

store::Outcome<std::vector<store::HoldCase>> holds_of(store::Ledger* ledger)
{
    if (ledger == nullptr) return std::vector<store::HoldCase>{};
    return store::wait_for<std::vector<store::HoldCase>>([&](auto done) { ledger->list_holds(std::move(done)); });
}

/// Whether the other party of a call learns media addresses.
std::string media_sentence(const config::Settings& settings)
{
    return settings.privacy.relay_only
               ? "Voice and video pass a relay: the other party does not learn your device's address."
               : "Voice and video go from device to device: the other party of a call learns your device's network "
                 "address.";
}

/// What no party of a call learns, but for what media and its settings show.
std::string device_sentence(const config::Settings& settings)
{
    std::vector<std::string> shown{"the fingerprint of the device's own media key", "what the device can do in a call"};
    if (!settings.privacy.relay_only) shown.emplace_back("the device's network address");
    if (settings.weaken.public_gruus) shown.emplace_back("an address of the device that stays the same");
    return "No party of a call learns the software or model of your device, or anything by which two calls could be "
           "told to come from the same device, except " +
           joined(shown) + ".";
}

std::string listening_sentence(const config::Settings& settings)
{
    return "Media is encrypted from your device to the other end of the call; this server cannot listen" +
           (settings.weaken.sdes_routes.empty()
                ? std::string{}
                : ", except where the media's keys may pass through it in the clear: on calls over the telephone "
                  "network or to emergency services by way of " +
                      joined(settings.weaken.sdes_routes)) +
           ".";
}

/// How a caller withholds the address by themself.
std::string withholding(const config::Settings& settings)
{
    const auto& prefix = settings.privacy.withhold_prefix;
    return (prefix.empty() ? "" : "dial " + prefix + " before the address, or ") + "have your account set so";
}

std::string peer_sentence(const config::RouteEntry& route, const std::string& way)
{
    std::string sentence = "Other domains" + way +
                           ": the name and address of the caller, or of who writes, and the address that is called; "
                           "who withholds the address is ";
    sentence += route.withheld_inside ? "named all the same, with the request to show it to nobody" : "not named";
    if (route.trusted) sentence += "; who was called before, when a call is redirected";
    if (route.target.empty()) sentence += "; the name servers that this server asks learn the domain";
    return sentence + ".";
}

std::string gateway_sentence(const config::RouteEntry& route, const std::string& way)
{
    return "The telephone network" + way +
           ": the number that is called, the caller's number, and what is said, since it opens what the devices have "
           "encrypted; a withheld number is " +
           (route.withheld_inside ? "told all the same, with the request to show it to nobody." : "not told.");
}

/// What stands at the other end of a route, and what it is shown of a call: docs/interconnect.md has the whole table.
std::string sentence_of(const config::RouteEntry& route)
{
    const auto way =
        " (route \"" + route.name + "\": " + joined(route.target.empty() ? route.match : route.target) + ")";
    const auto kind = config::route_kinds[route.kind];
    if (kind == "peer") return peer_sentence(route, way);
    if (kind == "gateway") return gateway_sentence(route, way);
    return "An emergency service" + way +
           ": the caller's name, address and number, whoever withholds them, and the location that the device sends.";
}

/// Who learns something of a person beside the parties of a call.
std::vector<std::string> recipients(const config::Settings& settings)
{
    std::vector<std::string> sentences;
    for (const auto& route : settings.routes) sentences.push_back(sentence_of(route));
    if (settings.push.gateway)
        sentences.push_back("The push gateway " + config::to_string(*settings.push.gateway) + ", and by it " +
                            joined(settings.push.providers) +
                            ": when a device that registered for it is woken, and by which service, app and token; "
                            "not who calls, nor that anybody does.");
    if (!settings.turn.uris.empty())
        sentences.push_back("The relays " + joined(settings.turn.uris) +
                            ": the network addresses of the devices whose voice and video pass them, under a name that "
                            "changes every day; they can open neither.");
    return sentences;
}

/// What wakes a phone is kept where there is something to wake it by.
std::string push_sentence(const config::Settings& settings)
{
    if (!settings.push.gateway) return {};
    return "* What wakes a device that sleeps (push service, app and token): sealed, until its registration ends, at "
           "most " +
           config::duration_text(settings.registrar.binding_lifetime.count()) + ".\n";
}

/// They are no action of anybody's, and have an entry all the same.
std::string emergency_sentence(const config::Settings& settings)
{
    if (!settings.carries_emergency_calls()) return {};
    return "\nEach emergency call has an entry, of the purpose operate: when it was carried and over which route, and "
           "not who called. The daemon's log says the same.\n";
}

} // namespace

std::string privacy_notice(const config::Settings& settings)
{
    return "# Privacy notice: calls of " + domains_of(settings) + "\n\n" +
           "## What is kept about you\n\n"
           "* Your account: addresses, settings, and a value from which your password can be checked but not read. "
           "Until the "
           "account is removed.\n"
           "* Where your devices are reached: in memory only, for at most " +
           config::duration_text(settings.registrar.binding_lifetime.count()) +
           " after a device was last heard of; for calls that it is in, as long as its connection lives. It never "
           "reaches "
           "a disk.\n" +
           push_sentence(settings) + "* Calls and messages that are not billed: nothing" +
           (settings.carries_emergency_calls()
                ? ", but when an emergency call was carried and over which route, without anybody's name"
                : "") +
           ". What is billed, why and how long it is kept is in the record of processing.\n"
           "* Who of the operator's staff looked at your account, and why.\n\n"
           "## What others learn\n\n"
           "* The other party learns your address, unless you withhold it (" +
           withholding(settings) + "), what your devices can do in the call, and when you speak.\n* " +
           media_sentence(settings) + "\n" +
           list_of(recipients(settings), "* Nobody else learns anything of your calls.") + "* " +
           device_sentence(settings) + "\n* " + listening_sentence(settings) +
           "\n\n"
           "## What you should know\n\n" +
           list_of(config::notices(settings), "Nothing further.") +
           "\n## Where this server is configured less private than it can be\n\n" +
           list_of(config::weakenings(settings), "Nowhere.") +
           "\n## Your rights\n\nYou can have a copy of all that is held about you, have it corrected, and have it "
           "erased "
           "(GDPR Art. 15 to 20).\n";
}

std::string record_of_processing(const config::Settings& settings, const std::vector<store::HoldCase>& holds)
{
    return "# Record of processing: calls of " + domains_of(settings) +
           "\n\nGDPR Art. 30. Written from the running "
           "configuration and the declaration of purposes that the database enforces.\n\n## Purposes\n\n" +
           purposes_table(settings.retention_policy()) + "\n## Billed calls\n\n" + billed_table(settings) +
           "\n## In memory only\n\n* Registrations: keyed hashes and a sealed contact address, at most " +
           config::duration_text(settings.registrar.binding_lifetime.count()) +
           "; for calls that the device may be in, until its connection ends.\n" + push_sentence(settings) +
           "* Calls: the received request while it runs; keys of sealed identifiers for at most an hour and " +
           config::duration_text(settings.proxy.longest_dialog.count()) +
           ".\n* The last withheld caller of an account: a keyed hash of both, half an hour.\n"
           "* Who guesses passwords: keyed hashes of names and sources, a minute.\n\n"
           "## The audit log of operators' actions\n\n"
           "Who acted stays as long as the file; whom it concerned can be read for\n\n" +
           audit_table() + emergency_sentence(settings) + "\n## Calls kept beyond their time\n\n" + holds_table(holds) +
           "\n## Recipients\n\n* The parties of a call, as the privacy notice says.\n" +
           list_of(recipients(settings), "* No others.") + "\n## Security of processing\n\nTLS " +
           (settings.weaken.tls12 ? "1.2 and 1.3" : "1.3") + " only; messages " +
           (settings.cell_bytes() > 0 ? "padded to " + std::to_string(settings.cell_bytes()) + " bytes"
                                      : std::string{"not padded"}) +
           "; purpose-bound access to the database; actions of operators recorded before they are done.\n"
           "\n## Where this server is configured less private than it can be\n\n" +
           list_of(config::weakenings(settings), "Nowhere.");
}

std::string impact_assessment(const config::Settings& settings)
{
    const bool padded = settings.cell_bytes() > 0;
    return "# Input for the impact assessment: calls of " + domains_of(settings) +
           "\n\nGDPR Art. 35. Measures as they are "
           "configured now; the judgement is yours.\n\n| risk | measure | in this configuration |\n| --- | --- | --- "
           "|\n"
           "| who calls whom is recorded | calls that are not billed leave no record | yes |\n"
           "| the other party locates a caller | media addresses through a relay only | " +
           std::string{settings.privacy.relay_only ? "yes" : "no: the parties see each other's media addresses"} +
           " |\n| a watcher of the wire tells kinds of messages | padding to whole cells | " +
           (padded ? std::to_string(settings.cell_bytes()) + " bytes" : std::string{"no"}) +
           " |\n| recorded traffic is read later | TLS 1.3 with forward secrecy | " +
           (settings.weaken.tls12 ? "TLS 1.2 is accepted too" : "yes") +
           " |\n| a stolen password table is tried | SHA-256 digest secrets | " +
           (settings.weaken.digest_md5.empty() ? std::string{"yes"} : std::string{"MD5 for some or all accounts"}) +
           " |\n| staff look without need | roles by group, audit log before each action | " +
           (settings.weaken.audit_key_file ? "the audit key lies on the same disk" : "yes") +
           " |\n| a call in need does not get through | route to emergency services | see below |\n\n## What is "
           "left\n\n" +
           list_of(config::notices(settings), "Nothing further.") + "\n## Weakened\n\n" +
           list_of(config::weakenings(settings), "Nothing.");
}

Handlers report_commands(const std::function<config::Settings()>& settings, store::Ledger* ledger)
{
    const auto writes = [settings](std::string (*write)(const config::Settings&)) -> Handler {
        return [settings, write](const json::object&, const PeerCredentials&) -> Reply {
            return json::object{{"document", write(settings())}};
        };
    };
    Handlers handlers;
    handlers["report notice"] = writes(privacy_notice);
    handlers["report processing"] = [settings, ledger](const json::object&, const PeerCredentials&) -> Reply {
        const auto holds = holds_of(ledger);
        if (!holds) return CommandError{std::string{unavailable_code}, "the ledger cannot be read, its log says why"};
        return json::object{{"document", record_of_processing(settings(), *holds)}};
    };
    handlers["report assessment"] = writes(impact_assessment);
    return handlers;
}

} // namespace sotto::ctl
