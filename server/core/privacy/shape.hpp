#pragma once
#include "core/message/message.hpp"
#include "core/privacy/allow_list.hpp"

#include <string>

namespace sotto {

/// The value that is left of all fields of `header` in `source` once reduced to `shape`; empty: nothing passes.
std::string shaped(const Message& source, Header header, Shape shape);

/// The admitted media type of a Content-Type value, in canonical spelling; empty when it is not admitted.
std::string_view admitted_media_type(std::string_view content_type);

/// A Content-Disposition value of a known type, with how to handle it (RFC 3261 20.11), of a body of the admitted type
/// `of`; empty when it is not known, or says what holds without it.
std::string disposition(std::string_view value, std::string_view of);

} // namespace sotto
