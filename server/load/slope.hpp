#pragma once
#include <cstddef>
#include <optional>

namespace sotto::load {

/// The slope of the straight line that lies closest to a series of points (least squares), as they come.
class Slope {
public:
    void add(double x, double y);
    [[nodiscard]] std::size_t count() const { return count_; }
    /// In units of y for one of x; nothing with fewer than three points or when all stand above one x.
    [[nodiscard]] std::optional<double> value() const;

private:
    std::size_t count_{0};
    double x_{0}, y_{0}, xx_{0}, xy_{0}; ///< sums
};

} // namespace sotto::load
