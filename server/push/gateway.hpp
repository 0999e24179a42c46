#pragma once
#include <cstdint>
#include <filesystem>
#include <string>

namespace sotto::push {

/// Where phones are woken: `https://host:port/wake`.
struct Gateway {
    std::string host; ///< a name that its certificate proves
    std::uint16_t port{443};
    std::filesystem::path authorities; ///< PEM file of the CAs that may certify it; empty: the system's
};

} // namespace sotto::push
