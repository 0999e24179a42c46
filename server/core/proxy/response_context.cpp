#include "core/proxy/response_context.hpp"

#include <algorithm>
#include <array>
#include <climits>

namespace sotto {

int rank_of(int status)
{
    if (status == 0) return INT_MAX;
    if (status >= 600) return 0;
    // Within a class those that inform a retry come first, and those that say "not there" last: a busy phone tells the
    // caller more than one that is switched off.
    constexpr std::array<int, 4> informing{415, 420, 484, 488};
    constexpr std::array<int, 4> saying_little{408, 430, 480, 503};
    const int order = std::ranges::find(informing, status) != informing.end()           ? 1
                      : std::ranges::find(saying_little, status) != saying_little.end() ? 3
                                                                                        : 2;
    return (status / 100) * 10 + order;
}

} // namespace sotto
