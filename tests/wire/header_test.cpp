#include "core/message/header.hpp"
#include "core/types/ascii.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("every header is found by its name in any case, and by nothing like it", "[rfc3261][7.3.1]")
{
    for (std::size_t i = 0; i < static_cast<std::size_t>(Header::count_); ++i) {
        const auto header = static_cast<Header>(i);
        const std::string name{name_of(header)};
        CHECK(header_of(name) == header);
        CHECK(header_of(lower(name)) == header);
        CHECK_FALSE(header_of(name + "x"));
        CHECK_FALSE(header_of("x" + name));
        if (name.size() > 2) CHECK_FALSE(header_of(std::string_view{name}.substr(0, name.size() - 1)));
    }
}

TEST_CASE("compact forms mean their long forms", "[rfc3261][7.3.3]")
{
    CHECK(header_of("v") == Header::via);
    CHECK(header_of("V") == Header::via);
    CHECK(header_of("m") == Header::contact);
    CHECK(header_of("l") == Header::content_length);
    CHECK(header_of("i") == Header::call_id);
}

TEST_CASE("what no rule reads is not a header of ours")
{
    for (const auto* const name :
         {"User-Agent", "Server", "Organization", "Subject", "s", "Call-Info", "X-Anything", ""})
        CHECK_FALSE(header_of(name));
}
