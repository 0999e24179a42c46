#pragma once
#include <cstdint>
#include <stdexcept>
#include <string>

namespace sotto::store {

/// What went wrong with the store itself. The sentence names files, tables and columns, never a row's content.
class StoreError : public std::runtime_error {
public:
    enum class Kind : std::uint8_t {
        uncopied,    ///< a copy cannot be written where it was to be; the store itself is as it was
        unavailable, ///< cannot be opened, read or written: missing folder, disk full, I/O error, locked by another
                     ///< process
        prohibited,  ///< the purpose of the connection does not admit this
        conflict,    ///< a constraint of the schema refused a row
        undeclared,  ///< a column has no declared purpose
        newer_schema ///< written by a later version of Sotto
    };
    StoreError(Kind kind, const std::string& sentence) : std::runtime_error{sentence}, kind_{kind} {}
    [[nodiscard]] Kind kind() const { return kind_; }

private:
    Kind kind_;
};

} // namespace sotto::store
