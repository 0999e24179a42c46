#pragma once
#include <string_view>

namespace sotto::test {

/// Whether what the reader of ordinary forms makes of one element, as each of a URI, an address and a Via, is what the
/// packaged grammar makes of it, view by view. True where the first makes nothing of it. No control characters.
bool readers_agree(std::string_view element);

} // namespace sotto::test
