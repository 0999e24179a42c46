#include "core/types/uri.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

TEST_CASE("a parameter is found by name without case, quotes respected", "[rfc3261][19.1.1]")
{
    CHECK(find_param("transport=tls;LR", "lr") == std::string_view{});
    CHECK(find_param(R"(+sip.instance="<urn:uuid:a;b>";reg-id=1)", "reg-id") == std::string_view{"1"});
    CHECK_FALSE(find_param("transportx=1", "transport"));
}

TEST_CASE("an address-of-record is compared in its canonical form", "[rfc3261][10.3]")
{
    CHECK(canonical_aor({.scheme = Scheme::sip, .user = "%61lice", .host = "EXAMPLE.org"}) == "alice@example.org");
    CHECK_FALSE(canonical_aor({.scheme = Scheme::sip, .user = "a%0alice", .host = "example.org"}));
    CHECK_FALSE(canonical_aor({.scheme = Scheme::sip, .user = "", .host = "example.org"}));
}
