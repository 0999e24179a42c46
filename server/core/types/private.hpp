#pragma once
#include <utility>

namespace sotto {

/// Wraps a value that identifies a person. No formatter prints it: showing it takes a visible `.reveal()`.
template <class T> class Private {
    T value_;

public:
    explicit Private(T value) : value_{std::move(value)} {}
    [[nodiscard]] const T& reveal() const { return value_; }
};

} // namespace sotto
