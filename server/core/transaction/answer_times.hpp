#pragma once
#include "core/message/message.hpp"
#include "core/types/histogram.hpp"

#include <array>
#include <string_view>

namespace sotto::transaction {

/// How long requests waited for their first answer that says something: no 100 and no challenge. For INVITE that is the
/// delay until it rings (RFC 6076 4.3), for REGISTER and BYE that until it is done (4.1, 4.4).
struct AnswerTimes {
    static constexpr std::array<std::string_view, 4> names{"REGISTER", "INVITE", "BYE", "other"};
    std::array<WaitTimes, names.size()> by_name;

    void record(Method method, int status, std::chrono::nanoseconds span)
    {
        if (status == 401 || status == 407) return;
        const std::size_t name = method == Method::register_ ? 0
                                 : method == Method::invite  ? 1
                                 : method == Method::bye     ? 2
                                                             : 3;
        by_name[name].record(span);
    }
    AnswerTimes& operator+=(const AnswerTimes& more)
    {
        for (std::size_t i = 0; i < by_name.size(); ++i) by_name[i] += more.by_name[i];
        return *this;
    }
};

} // namespace sotto::transaction
