#include "ctl/commands/command.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array test_arguments{
    Argument{.name = "address", .take = Take::address, .meaning = "the caller's address"},
    Argument{.name = "dialled", .meaning = "what the caller dials: +4930123456, 112, bob@elsewhere.example, a tel: URI or urn:service:sos"}};
constexpr std::array<sv, 1> others{"dialled"};

constexpr std::array test_fields{
    Field{"way",                 "text",   "inside, outside or refused"},
    Field{"route",               "text",   "outside: the route's name"},
    Field{"kind",                "text",   "peer, gateway or emergency"},
    Field{"targets",             "list",   "hosts, in the order in which they would be tried"},
    Field{"request_uri",         "text",   "what would be asked for"},
    Field{"from",                "text",   "who would be shown"},
    Field{"to",                  "text",   "whom the call is for; inside: the address that it means"},
    Field{"p_asserted_identity", "list",   "identities for the next hop only"},
    Field{"privacy",             "text",   "what the next hop is asked to do"},
    Field{"billed",              "flag",   "whether its calls are billed"},
    Field{"tariff",              "text",   "its tariff class"},
    Field{"protection",          "text",   "where the call leaves end-to-end protection: refused, marked or announced"},
    Field{"status",              "number", "refused: the status that the phone would get"},
    Field{"reason",              "text",   "and its phrase"}};
constexpr std::array<sv, 2> test_examples{"sotto route test alice@example.org +4930123456", "sotto route test alice@example.org '#31#112'"};

constexpr std::array commands{
    Command{.words = "route test", .summary = "say which way a call would take and what would be sent, without calling", .audit = {.purpose = "provision", .subject = "address", .others = others},
            .arguments = test_arguments, .answer = {.fields = test_fields}, .examples = test_examples},
};
// clang-format on

} // namespace

Group route_group()
{
    return {"route", "ways to other domains, the telephone network and emergency services", commands};
}

} // namespace sotto::ctl
