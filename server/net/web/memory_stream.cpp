#include "net/web/memory_stream.hpp"

#include <cstring>

namespace sotto::net::web {

void MemoryStream::bring(std::string_view bytes)
{
    brought_ = bytes;
    if (!bytes.empty()) waiting_.maybe_invoke();
}

void MemoryStream::wipe_offered()
{
    if (!waiting_.has_value()) return;
    for (const auto& room : offered_)
        if (room.size() > 0) ::explicit_bzero(room.data(), room.size());
}

} // namespace sotto::net::web
