#pragma once
#include <array>
#include <cstdint>
#include <string_view>

/// RFC 5379 table 1: what a privacy service does to each header for each value of Privacy.
namespace sotto::rfc5379 {

enum class Demand : std::uint8_t { nothing, anonymize, remove, not_add };

constexpr std::string_view word(Demand demand)
{
    constexpr std::array<std::string_view, 4> words{"-", "anonymize", "delete", "not add"};
    return words[static_cast<std::size_t>(demand)];
}

/// The columns of the table.
inline constexpr std::array<std::string_view, 5> values{"user", "header", "session", "id", "history"};

/// When Sotto does so.
enum class Kept : std::uint8_t {
    always,  ///< whatever a message asks for
    on_value ///< when a value asks for it, or what stands for it: an anonymous From, a dialled prefix, the account
};

struct Row {
    std::string_view header;
    std::string_view where; ///< R: in requests, r: in responses
    std::array<Demand, values.size()> demands;
    Kept kept;
};

namespace detail {
inline constexpr auto O = Demand::nothing;
inline constexpr auto A = Demand::anonymize;
inline constexpr auto D = Demand::remove;
inline constexpr auto N = Demand::not_add;
} // namespace detail

// clang-format off
inline constexpr std::array treatments = [] {
    using namespace detail;
    //                                       user header session id history
    return std::array{
        Row{"Call-ID",             "R",  {A, O, O, O, O}, Kept::always},
        Row{"Call-Info",           "Rr", {D, N, O, O, O}, Kept::always},
        Row{"Contact",             "R",  {O, A, O, O, O}, Kept::always},
        Row{"From",                "R",  {A, O, O, O, O}, Kept::on_value},
        Row{"History-Info",        "Rr", {O, D, D, O, D}, Kept::on_value},
        Row{"In-Reply-To",         "R",  {D, O, O, O, O}, Kept::on_value},
        Row{"Organization",        "Rr", {D, N, O, O, O}, Kept::always},
        Row{"P-Asserted-Identity", "Rr", {O, D, O, D, O}, Kept::on_value},
        Row{"Record-Route",        "Rr", {O, A, O, O, O}, Kept::always},
        Row{"Referred-By",         "R",  {A, O, O, O, O}, Kept::on_value},
        Row{"Reply-To",            "Rr", {D, O, O, O, O}, Kept::always},
        Row{"Server",              "r",  {D, N, O, O, O}, Kept::always},
        Row{"Subject",             "R",  {D, O, O, O, O}, Kept::always},
        Row{"User-Agent",          "R",  {D, O, O, O, O}, Kept::always},
        Row{"Via",                 "R",  {O, A, O, O, O}, Kept::always},
        Row{"Warning",             "r",  {A, O, O, O, O}, Kept::always},
    };
}();
// clang-format on

} // namespace sotto::rfc5379
