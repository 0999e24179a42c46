#pragma once
#include "core/types/time.hpp"

namespace sotto::net {

/// Everything that follows from one event of the I/O loop is one burst: the clock is read once at its beginning; what
/// is to be written is written at its end, together. Each handler of the loop calls `begin`, does its work and calls
/// `end`.
class Bursts {
public:
    virtual ~Bursts() = default;
    virtual void begin() = 0;
    virtual void end() = 0;
};

} // namespace sotto::net
