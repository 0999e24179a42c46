#pragma once
#include "ctl/commands/command.hpp"

#include <boost/json.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace sotto::ctl {

namespace json = boost::json;

/// What a word of the command line becomes in the request, in a list of texts what one of them becomes; nothing when
/// the argument cannot be that.
std::optional<json::value> value_of(const Argument& argument, std::string_view word);
/// "a duration such as 10m", for the sentence that refuses a word.
std::string description_of(const Argument& argument);

/// What is wrong with a request's arguments: empty when they are what the command declares. Names arguments, never
/// values.
std::string wrong_in(const Command& command, const json::object& arguments);

} // namespace sotto::ctl
