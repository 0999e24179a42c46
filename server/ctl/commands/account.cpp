#include "ctl/commands/shared.hpp"

#include <array>

namespace sotto::ctl {
namespace {

using sv = std::string_view;
constexpr std::array<sv, 2> statuses{"active", "suspended"};

// clang-format off
constexpr Argument password{.name = "password", .option = "--password-stdin", .take = Take::secret, .meaning = "read the password from standard input instead of asking for it"};

constexpr std::array address_and_password{account_address, password};
constexpr std::array import_arguments{
    Argument{.name = "rows", .option = "--csv", .take = Take::rows, .meaning = "file with lines address,password, a password that holds a comma in double quotes; - reads standard input"}};
constexpr std::array set_arguments{
    account_address,
    Argument{.name = "status", .option = "--status", .take = Take::choice, .required = false, .choices = statuses, .meaning = "whether the account may register and call"},
    Argument{.name = "withhold_identity", .option = "--withhold-identity", .take = Take::on_off, .required = false, .meaning = "on: calls are anonymous unless the caller says otherwise"},
    Argument{.name = "refuse_anonymous", .option = "--refuse-anonymous", .take = Take::on_off, .required = false, .meaning = "on: anonymous callers are refused"},
    Argument{.name = "relay_only", .option = "--relay-only", .take = Take::on_off, .required = false, .meaning = "on: descriptions of media show relayed addresses alone; have the phone use its relay alone too, or it tries the other party's address from its own"},
    Argument{.name = "attach", .option = "--add-address", .take = Take::texts, .required = false, .meaning = "a further address of this account, in the domain of the first one, whose user part stays the user name"},
    Argument{.name = "number", .option = "--number", .required = false, .meaning = "a telephone number of this account with its country code, such as +4930123456; the first one is presented"},
    Argument{.name = "detach", .option = "--remove-address", .take = Take::texts, .required = false, .meaning = "a further address to take away"}};

constexpr std::array<sv, 3> others{"attach", "number", "detach"};

constexpr std::array account_fields{
    Field{"address",           "text", "the first address: user name and realm of the password", "ADDRESS"},
    Field{"status",            "text", "active or suspended", "STATUS"},
    Field{"password_needed",   "flag", "the password must be set again: it was stored for another algorithm than the configured one", "STATUS"},
    Field{"algorithm",         "text", "digest algorithm of the password, SHA-256 or MD5", "DIGEST"},
    Field{"withhold_identity", "flag", "calls are anonymous by default", "SETTINGS"},
    Field{"refuse_anonymous",  "flag", "anonymous callers are refused", "SETTINGS"},
    Field{"relay_only",        "flag", "media addresses are never shown", "SETTINGS"},
    Field{"blocked_callers",   "number", "withheld callers that are refused; nobody knows who they are"},
    Field{.name = "addresses", .type = "list", .meaning = "all addresses, the first one first", .heading = "FURTHER ADDRESSES", .skip = 1}};
constexpr std::array one_account{Field{"account", "object", "the account, as in `account list`"}};
constexpr std::array import_fields{
    Field{"added",    "number", "accounts that are new"},
    Field{"existing", "number", "rows whose address belonged to an account already; they were left as they were"}};

constexpr std::array<sv, 2> add_examples{"sotto account add alice@example.org",
                                         "printf '%s\\n' \"$PASSWORD\" | sotto account add alice@example.org --password-stdin"};
constexpr std::array<sv, 1> import_examples{"sotto account import --csv accounts.csv"};
constexpr std::array<sv, 1> list_examples{"sotto --json account list"};
constexpr std::array<sv, 1> show_examples{"sotto account show alice@example.org --reason 'ticket 4711'"};
constexpr std::array<sv, 2> set_examples{"sotto account set alice@example.org --refuse-anonymous on --add-address +4930123456@example.org",
                                         "sotto account set alice@example.org --status suspended"};
constexpr std::array<sv, 1> block_examples{"sotto account block bob@example.org --reason 'he called about harassment'"};
constexpr std::array<sv, 1> unblock_examples{"sotto account unblock bob@example.org --yes"};
constexpr std::array<sv, 1> remove_examples{"sotto account remove alice@example.org --yes"};
constexpr std::array<sv, 1> password_examples{"sotto account password alice@example.org"};

constexpr std::array commands{
    Command{.words = "account add", .summary = "add an account", .place = Place::daemon_or_store, .audit = {"provision", "address"},
            .arguments = address_and_password, .answer = {.sentence = "added {address}", .fields = one_account}, .examples = add_examples},
    Command{.words = "account import", .summary = "add many accounts from a file", .details = "All rows are checked before the first is sent. A batch of them is imported whole or not at all.",
            .place = Place::daemon_or_store, .audit = {"provision"},
            .arguments = import_arguments, .answer = {.fields = import_fields}, .examples = import_examples},
    Command{.words = "account list", .summary = "list all accounts", .place = Place::daemon_or_store, .audit = {"provision"}, .paged = true,
            .answer = {.rows = "accounts", .empty = "no accounts: `sotto account add ADDRESS` adds one", .fields = account_fields}, .examples = list_examples},
    Command{.words = "account show", .summary = "show one account", .place = Place::daemon_or_store, .audit = {"provision", "address"},
            .arguments = only_address, .answer = {.fields = one_account}, .examples = show_examples},
    Command{.words = "account set", .summary = "change an account",
            .details = "Say another of its addresses than the one that is taken away.",
            .place = Place::daemon_or_store, .audit = {.purpose = "provision", .subject = "address", .former = "detach", .others = others},
            .arguments = set_arguments, .answer = {.fields = one_account}, .examples = set_examples},
    Command{.words = "account block", .summary = "refuse from now on whoever called last with a withheld identity",
            .details = "Within half an hour of the call. Who it is nobody learns; to that caller the account is not there. Calls that show the caller arrive.",
            .audit = {"provision", "address"},
            .arguments = only_address, .answer = {.fields = one_account}, .examples = block_examples},
    Command{.words = "account unblock", .summary = "lift all blocks of an account", .details = "All together, as nobody can tell which is whose.",
            .place = Place::daemon_or_store, .audit = {"provision", "address"},
            .confirmation = "Lift all blocks of {address}? They cannot be set again without another call.",
            .arguments = only_address, .answer = {.fields = one_account}, .examples = unblock_examples},
    Command{.words = "account remove", .summary = "remove an account: its addresses, secret, settings and blocks",
            .details = "Records of its billed calls stay until their time is over, entries of the audit log still name it, and a database that is restored from a backup brings it back. Who asks to be forgotten is erased with `sotto subject erase` instead: afterwards the account is not found any more.",
            .place = Place::daemon_or_store, .audit = {"provision", "address"},
            .confirmation = "Remove {address} for good?",
            .arguments = only_address, .answer = {.sentence = "removed {address}", .fields = one_account}, .examples = remove_examples},
    Command{.words = "account password", .summary = "set a new password", .place = Place::daemon_or_store, .audit = {"provision", "address"},
            .arguments = address_and_password, .answer = {.sentence = "new password set for {address}", .fields = one_account}, .examples = password_examples},
};
// clang-format on

} // namespace

Group account_group() { return {"account", "who may register and call", commands}; }

} // namespace sotto::ctl
