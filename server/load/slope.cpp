#include "load/slope.hpp"

namespace sotto::load {

void Slope::add(double x, double y)
{
    ++count_;
    x_ += x;
    y_ += y;
    xx_ += x * x;
    xy_ += x * y;
}

std::optional<double> Slope::value() const
{
    const auto n = static_cast<double>(count_);
    const auto spread = n * xx_ - x_ * x_;
    if (count_ < 3 || spread <= 0) return std::nullopt;
    return (n * xy_ - x_ * y_) / spread;
}

} // namespace sotto::load
