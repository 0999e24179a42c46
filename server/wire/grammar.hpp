#pragma once
#include "wire/packaged_grammar.hpp"

#include <optional>
#include <string_view>

namespace sotto::wire {

/// Reads single elements: the ordinary forms at once, whatever else by the packaged grammar, which is there from the
/// first element that needs it. What it asks of a text, and what of a caller, is the same as there.
class Grammar {
public:
    static constexpr std::size_t longest = PackagedGrammar::longest;
    static constexpr std::size_t longest_uri = PackagedGrammar::longest_uri;

    std::optional<Uri> uri(std::string_view text);
    std::optional<NameAddr> name_addr(std::string_view text);
    std::optional<Via> via(std::string_view text);
    /// word [ "@" word ] (RFC 3261 20.8).
    static bool call_id(std::string_view text);

private:
    std::optional<PackagedGrammar> packaged_;
    PackagedGrammar& packaged();
};

} // namespace sotto::wire
