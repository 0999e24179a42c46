#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sotto::net::web {

/// Which pages may come in.
struct Rules {
    std::vector<std::string> origins; ///< RFC 6454 6.2, in lower case
    [[nodiscard]] bool admits(std::string_view origin) const;
};

} // namespace sotto::net::web
