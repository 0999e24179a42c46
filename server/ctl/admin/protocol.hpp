#pragma once
#include <boost/json.hpp>
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>
#include <vector>

namespace sotto::ctl {

namespace json = boost::json;

/// The admin protocol: one JSON object a line, each way, one answer for each request, in order.
///     {"v":1,"command":"account show","arguments":{"address":"alice@example.org"}}
///     {"v":1,"result":{...}}    or    {"v":1,"error":{"code":"not_found","sentence":"..."}}
inline constexpr int protocol_version = 1;
inline constexpr std::size_t longest_request =
    1024 * 1024;                                      ///< bytes, newline included; a longer one ends the connection
inline constexpr std::size_t rows_per_batch = 10'000; ///< of `account import`, as far as they fit into a request

/// Who is at the other end, as the kernel says (SO_PEERCRED).
struct PeerCredentials {
    uid_t uid{};
    gid_t gid{};
    pid_t pid{};
    std::vector<gid_t> groups{}; ///< supplementary ones
};

/// Why a command was refused. `code` is stable, for scripts; `sentence` is for people.
struct CommandError {
    std::string code;
    std::string sentence;
};
/// Codes with an exit status of their own (DESIGN.md 7); every other one exits 1.
inline constexpr std::string_view usage_code = "usage";             ///< 2: wrong command or arguments
inline constexpr std::string_view unavailable_code = "unavailable"; ///< 3: the store cannot be reached

using Reply = std::variant<json::object, CommandError>;
using Handler = std::function<Reply(const json::object& arguments, const PeerCredentials& peer)>;
/// By command: "account add", "status", ...
using Handlers = std::map<std::string, Handler, std::less<>>;

/// Does what a request asks for.
using Perform =
    std::function<Reply(std::string_view command, const json::object& arguments, const PeerCredentials& peer)>;

/// Answers one request line. Never throws for what the line says; an exception of `perform` becomes an `internal`
/// error.
std::string answer(std::string_view line, const PeerCredentials& peer, const Perform& perform);

/// A request as a line, newline included.
std::string request_line(std::string_view command, const json::object& arguments);
/// What an answer line says. A line that is no answer: code "protocol".
Reply read_answer(std::string_view line);

} // namespace sotto::ctl
