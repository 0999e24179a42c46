#include "load/bench.hpp"

#include "load/phone.hpp"

#include <stdexcept>

namespace sotto::load {
namespace {

std::string domain_of(const Options& options)
{
    const auto at = options.accounts.find('@');
    if (at == std::string::npos) throw std::invalid_argument("accounts must look like user%d@example.org");
    return options.accounts.substr(at + 1);
}

} // namespace

Bench::Bench(const Options& chosen)
    : options{chosen}, domain{domain_of(chosen)}, client{chosen.target, chosen.ca_file,
                                                         chosen.server_name.empty() ? domain : chosen.server_name},
      random_{chosen.seed}, branch_{random_() & 0xffff'ffff'0000'0000}
{
}

std::string Bench::token(std::size_t characters)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string text(characters, '0');
    std::uint64_t bits = 0;
    for (std::size_t i = 0; i < characters; ++i, bits >>= 4) {
        if (i % 16 == 0) bits = random_();
        text[i] = digits[bits & 15];
    }
    return text;
}

bool Bench::expect(const Reply& reply, std::string_view method, int wanted, int or_wanted)
{
    if (!reply.answer) {
        error(join(method, ": ", reply.failure));
        return false;
    }
    const int status = reply.answer->status();
    ++tally.answers[join(method, " ", std::to_string(status))];
    if (status == wanted || status == or_wanted) return true;
    if (options.expect_overload && status == 503 && !reply.answer->first("Retry-After").empty())
        ++tally.refused;
    else
        error(join(method, ": answered ", std::to_string(status), " instead of ", std::to_string(wanted)));
    return false;
}

} // namespace sotto::load
