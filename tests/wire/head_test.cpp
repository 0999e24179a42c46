// A head is looked at in vectors: what is wrong with it is found wherever it stands.
#include "wire/head.hpp"

#include <catch2/catch.hpp>

#include <string>

using namespace sotto;

namespace {
wire::Examined examine(std::string_view head) { return wire::examine(head, wire::Limits{}); }
} // namespace

TEST_CASE("a byte that has no place in a head is found at every place")
{
    for (std::size_t size = 0; size < 70; ++size) {
        CAPTURE(size);
        const std::string letters(size, 'a');
        CHECK_FALSE(examine(letters).fault);
        for (std::size_t at = 0; at < size; ++at)
            for (const char byte : {'\0', '\x1f', '\x7f', '\r', '\n'}) {
                auto head = letters;
                head[at] = byte;
                CHECK(examine(head).fault == Refusal::malformed_header);
            }
    }
}

TEST_CASE("line ends, tabs and folds are seen at every place")
{
    for (std::size_t before = 0; before < 40; ++before)
        for (std::size_t behind = 0; behind < 40; ++behind) {
            const std::string start(before, 'a');
            const std::string rest(behind, 'b');
            const auto plain = examine(start + "\t\xff\r\n" + rest);
            CHECK((!plain.fault && !plain.folded));
            for (const char* blank : {" ", "\t"}) {
                const auto folded = examine(start + "\r\n" + blank + rest);
                CHECK((!folded.fault && folded.folded));
            }
            CHECK(examine(start + "\n\r" + rest).fault == Refusal::malformed_header);
        }
}

TEST_CASE("lines and commas are counted to the last one")
{
    const wire::Limits limits;
    for (std::size_t stride = 1; stride < 34; ++stride) {
        CAPTURE(stride);
        const auto repeat = [&](const std::string& what, std::size_t times) {
            std::string out;
            for (std::size_t i = 0; i < times; ++i) out += std::string(stride - 1, 'a') + what;
            return out;
        };
        if (limits.commas * stride < limits.line) CHECK_FALSE(examine(repeat(",", limits.commas)).fault);
        CHECK(examine(repeat(",", limits.commas + 1)).fault == Refusal::header_too_large);
        CHECK_FALSE(examine(repeat("\r\n", limits.lines)).fault);
        CHECK(examine(repeat("\r\n", limits.lines + 1)).fault == Refusal::header_too_large);
    }
}
