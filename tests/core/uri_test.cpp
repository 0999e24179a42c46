#include "core/types/uri.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("a parameter is found by name without case, quotes respected", "[rfc3261][19.1.1]")
{
    CHECK(find_param("transport=tls;LR", "lr") == std::string_view{});
    CHECK(find_param(R"(+sip.instance="<urn:uuid:a;b>";reg-id=1)", "reg-id") == std::string_view{"1"});
    CHECK_FALSE(find_param("transportx=1", "transport"));
    CHECK(find_param(R"(a="x\";b=1";b=2)", "b") == std::string_view{"2"});
    CHECK(find_param(R"(a="x\\";b=1)", "b") == std::string_view{"1"});
    CHECK(find_param(R"(a="1"x"2;b=3";b=4)", "b") == std::string_view{"4"});
    CHECK_FALSE(find_param(R"(a="never closed;b=1)", "b"));
    CHECK(find_param(R"( B = 1 ;c)", "b") == std::string_view{"1"});
}

TEST_CASE("an address-of-record is compared in its canonical form", "[rfc3261][10.3]")
{
    CHECK(canonical_aor({.scheme = Scheme::sip, .user = "%61lice", .host = "EXAMPLE.org"}) == "alice@example.org");
    CHECK_FALSE(canonical_aor({.scheme = Scheme::sip, .user = "a%0alice", .host = "example.org"}));
    CHECK_FALSE(canonical_aor({.scheme = Scheme::sip, .user = "", .host = "example.org"}));
}
