#pragma once
#include "core/types/ascii.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sotto {

enum class Scheme : std::uint8_t { sip, sips, tel, urn, other };

/// A URI as it was parsed (RFC 3261 19.1, RFC 3966). All views live as long as the message they came with.
struct Uri {
    Scheme scheme{Scheme::other};
    std::string_view user;   ///< as written, escapes included; for tel and urn: all after the colon, without parameters
    std::string_view host;   ///< IPv6 references keep their brackets; without the final dot of a whole name
    std::uint16_t port{0};   ///< 0: none given
    std::string_view params; ///< without the leading ';'
    std::string_view headers; ///< without the leading '?'
    std::string_view text;    ///< the whole URI as written

    /// sip or sips
    [[nodiscard]] bool is_sip() const { return scheme == Scheme::sip || scheme == Scheme::sips; }
    /// Value of a URI parameter: empty for a flag, nothing when absent. Names compare without case.
    [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const;
};

/// The parameters of a list such as `a=1;b;c="x;y"`, one after the other and trimmed.
class ParamReader {
public:
    explicit ParamReader(std::string_view params) : params_{params}, quote_{params.find('"')} {}
    /// False: there is none any more.
    bool next(std::string_view& one);

private:
    std::string_view params_;
    std::size_t at_{0};
    std::size_t quote_; ///< the first one at or behind `at_`
};

/// Calls `each` with the name and the value of every parameter, as find_param() gives it.
template <class Each> void for_each_param(std::string_view params, Each each)
{
    ParamReader reader{params};
    for (std::string_view one; reader.next(one);) {
        const auto equals = one.find('=');
        each(trim(one.substr(0, equals)),
             equals == std::string_view::npos ? one.substr(one.size()) : trim(one.substr(equals + 1)));
    }
}

/// Value of one parameter in a list such as `a=1;b;c="x"`; quotes are kept. It is a part of `params`, a flag's too.
std::optional<std::string_view> find_param(std::string_view params, std::string_view name);

/// `text` with %HH undone, nothing when an escape is malformed or gives a control character.
std::optional<std::string> unescape(std::string_view text);

/// The canonical form of RFC 3261 10.3 step 5: "user@host", unescaped, host in lower case, no parameters, no port.
/// Nothing when the URI has no user or no host.
std::optional<std::string> canonical_aor(const Uri& uri);

} // namespace sotto
