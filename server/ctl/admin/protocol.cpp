#include "ctl/admin/protocol.hpp"

#include <exception>

namespace sotto::ctl {
namespace {

std::string error_line(const CommandError& error)
{
    return json::serialize(json::object{{"v", protocol_version},
                                        {"error", json::object{{"code", error.code}, {"sentence", error.sentence}}}}) +
           "\n";
}

/// A string member; empty when it is missing or no string.
std::string text_in(const json::object& object, std::string_view name)
{
    const auto* value = object.if_contains(name);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

} // namespace

std::string answer(std::string_view line, const PeerCredentials& peer, const Perform& perform)
{
    json::error_code wrong;
    const auto request = json::parse(line, wrong);
    if (wrong || !request.is_object()) return error_line({"protocol", "the request is no JSON object"});
    const auto& object = request.get_object();
    const auto* version = object.if_contains("v");
    if (version == nullptr || !version->is_int64() || version->get_int64() != protocol_version)
        return error_line({"protocol", "this daemon speaks version 1 of the admin protocol"});
    static const json::object nothing;
    const auto* arguments = object.if_contains("arguments");
    if (arguments != nullptr && !arguments->is_object())
        return error_line({std::string{usage_code}, "arguments must be an object"});
    try {
        auto reply =
            perform(text_in(object, "command"), arguments != nullptr ? arguments->get_object() : nothing, peer);
        if (const auto* error = std::get_if<CommandError>(&reply)) return error_line(*error);
        return json::serialize(
                   json::object{{"v", protocol_version}, {"result", std::get<json::object>(std::move(reply))}}) +
               "\n";
    } catch (const std::exception&) {
        // Its text may quote the arguments, and with them a person.
        return error_line({"internal", "the command failed inside the daemon"});
    }
}

std::string request_line(std::string_view command, const json::object& arguments)
{
    return json::serialize(json::object{{"v", protocol_version}, {"command", command}, {"arguments", arguments}}) +
           "\n";
}

Reply read_answer(std::string_view line)
{
    json::error_code wrong;
    auto answer = json::parse(line, wrong);
    if (!wrong && answer.is_object()) {
        auto& object = answer.get_object();
        if (auto* result = object.if_contains("result"); result != nullptr && result->is_object())
            return std::move(result->get_object());
        if (const auto* error = object.if_contains("error"); error != nullptr && error->is_object()) {
            CommandError said{text_in(error->get_object(), "code"), text_in(error->get_object(), "sentence")};
            if (!said.code.empty() && !said.sentence.empty()) return said;
        }
    }
    return CommandError{"protocol", "the answer cannot be understood: is this the daemon of the same version?"};
}

} // namespace sotto::ctl
