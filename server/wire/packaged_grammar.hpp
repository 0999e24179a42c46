#pragma once
#include "core/message/message.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace sotto::wire {

/// sofia-sip as the grammar of single elements: it says whether one address or Via is well formed, and where
/// the URI inside divides. It never sees a whole message, a list, a body, or more than `longest` bytes, so none of its
/// loops, recursions and asserts is in reach of a sender. What it tolerates and we do not (spaces and other bytes that
/// could break out of a URI, empty hosts, ports out of range) is checked here.
///
/// Every text given must be free of CR, LF, NUL and other control characters, and must outlive the result: results are
/// views into it. On the stack, one for all elements of a message; not thread-safe, but any number may be in use at
/// once.
class PackagedGrammar {
public:
    static constexpr std::size_t longest = 8'192;
    static constexpr std::size_t longest_uri = 2'048;

    PackagedGrammar();
    ~PackagedGrammar(); ///< wipes what passed through
    PackagedGrammar(const PackagedGrammar&) = delete;
    PackagedGrammar& operator=(const PackagedGrammar&) = delete;

    /// RFC 3261 19.1, RFC 3966. A scheme that Sotto does not serve is accepted as an opaque text.
    std::optional<Uri> uri(std::string_view text);
    /// name-addr or addr-spec, with its header parameters (RFC 3261 20.10).
    std::optional<NameAddr> name_addr(std::string_view text);
    /// One via-parm (RFC 3261 20.42).
    std::optional<Via> via(std::string_view text);

private:
    static constexpr std::size_t arena_size = 4'096;
    alignas(
        std::max_align_t) std::array<char, arena_size> arena_; ///< sofia-sip's own allocations, before it asks malloc
    std::array<char, longest + 1> scratch_;                    ///< it parses in place: a copy of the element
    std::size_t used_{0};                                      ///< most bytes of `scratch_` ever filled
    void* home_;

    char* copy(std::string_view text);
};

/// Semicolon-separated parameters, as written after the first ';': each has a name, none is empty.
bool well_formed_params(std::string_view params);

} // namespace sotto::wire
