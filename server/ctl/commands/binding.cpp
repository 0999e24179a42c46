#include "ctl/commands/shared.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;

// clang-format off
constexpr std::array remove_arguments{account_address,
    Argument{.name = "binding", .meaning = "the binding, as `binding list` shows it"}};

constexpr std::array binding_fields{
    Field{"binding",    "text",   "a random name of the binding, of use for `binding remove` only", "BINDING"},
    Field{"expires_in", "number", "seconds until it ends unless the phone renews it", "EXPIRES IN", "s"},
    Field{"transport",  "text",   "tls or wss; none of a phone that sleeps and is woken when it is called", "TRANSPORT"},
    Field{"q",          "number", "preference that the phone asked for, 0 to 1; none while it sleeps", "Q"}};
constexpr std::array removed{Field{"removed", "text", "the binding that ended"}};

constexpr std::array<sv, 1> list_examples{"sotto --json binding list alice@example.org"};
constexpr std::array<sv, 1> remove_examples{"sotto binding remove alice@example.org 1f0c5aa9d2e37b64 --yes"};

constexpr std::array commands{
    Command{.words = "binding list", .summary = "list the devices of an account, those that sleep too, without their addresses", .audit = {"provision", "address"},
            .arguments = only_address,
            .answer = {.rows = "bindings", .empty = "no bindings: nobody is registered for this address", .fields = binding_fields}, .examples = list_examples},
    Command{.words = "binding remove", .summary = "end the registration of a device", .audit = {"provision", "address"},
            .confirmation = "End this registration of {address}?",
            .arguments = remove_arguments, .answer = {.sentence = "registration ended", .fields = removed}, .examples = remove_examples},
};
// clang-format on

} // namespace

Group binding_group() { return {"binding", "devices that are registered now", commands}; }

} // namespace sotto::ctl
