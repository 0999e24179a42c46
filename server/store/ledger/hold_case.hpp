#pragma once
#include "core/retention/plan.hpp"

#include <boost/system/result.hpp>
#include <string>
#include <string_view>

namespace sotto::store {

/// Why calls are kept beyond their time.
enum class HoldKind : std::uint8_t { dispute, tracing, legal_order };
std::string_view name_of(HoldKind kind);
/// Whether the person concerned may know of it. Tracing and orders must not warn anybody.
constexpr bool may_be_told(HoldKind kind) { return kind == HoldKind::dispute; }

/// One case: exactly the calls of one account in some months. It keeps nothing before a second operator has consented.
struct HoldCase {
    retention::HoldId id;
    HoldKind kind{HoldKind::dispute};
    std::string reference; ///< of the case, as the operator's files name it; 1 to 100 bytes
    std::string basis;     ///< the provision or order; 1 to 200 bytes
    AccountId account;
    std::chrono::year_month first{}, last{};
    retention::Time expires{};
    std::string asked_by;
    std::string consented_by; ///< empty: nobody yet

    [[nodiscard]] retention::Hold scope() const
    {
        return {.id = id,
                .account = account,
                .first = first,
                .last = last,
                .expires = expires,
                .consented = !consented_by.empty()};
    }
};

enum class HoldFailure : std::uint8_t {
    no_such_hold,
    same_operator, ///< whoever asked cannot consent
    consented,     ///< somebody has consented already
    incomplete,    ///< reference, basis or expiry is missing, or the months are in the wrong order
    expired,       ///< the expiry lies in the past, or more than `longest_hold` ahead
};
std::string_view sentence_for(HoldFailure failure);
template <class T> using HoldOutcome = boost::system::result<T, HoldFailure>;

} // namespace sotto::store
