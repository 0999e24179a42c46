#include "core/routing/number.hpp"

#include <catch2/catch.hpp>

using namespace sotto;

namespace {

const NumberPlan berlin{.country = "49", .area = "30", .extension_base = "+4930123", .extension_digits = 2};

std::string e164(std::string_view dialled, const NumberPlan& plan = berlin)
{
    return to_e164(dialled_digits(dialled), plan).value_or("484");
}

Uri tel(std::string_view number, std::string_view params = {})
{
    Uri uri;
    uri.scheme = Scheme::tel;
    uri.user = number;
    uri.params = params;
    return uri;
}

} // namespace

TEST_CASE("national, international, local and short dialling become one number")
{
    CHECK(e164("+49301234567") == "+49301234567");
    CHECK(e164("+49 (30) 1234567") == "484"); // a blank cannot stand in a URI
    CHECK(e164("+49-(30)-123.4567") == "+49301234567");
    CHECK(e164("0049301234567") == "+49301234567");
    CHECK(e164("030/1234567") == "484");
    CHECK(e164("030-1234567") == "+49301234567");
    CHECK(e164("1234567") == "+49301234567");
    CHECK(e164("42") == "+493012342");
    CHECK(e164("00442079460000") == "+442079460000");
}

TEST_CASE("another country dials in another way")
{
    const NumberPlan america{.country = "1", .international = "011", .national = "1"};
    CHECK(e164("12025550123", america) == "+12025550123");
    CHECK(e164("01149301234567", america) == "+49301234567");
    CHECK(e164("5550123", america) == "484"); // no area of its own
    const NumberPlan italy{.country = "39", .national = ""};
    CHECK(e164("0612345678", italy) == "+390612345678"); // the 0 belongs to the number
}

TEST_CASE("a short code of the country is no number of the area")
{
    for (const auto* code : {"110", "115", "11880", "116117"}) CHECK(e164(code) == "484");
    CHECK(e164("030116117") == "+4930116117");
    CHECK(e164("+49116117") == "+49116117");
}

TEST_CASE("a number that nobody can have is incomplete")
{
    for (const auto* dialled : {"+49", "+4930", "+1234567890123456", "00", "0049", "+049301234567", "0"})
        CHECK(e164(dialled) == "484");
    CHECK(e164("030123", {}) == "484"); // without a plan only whole numbers are understood
    CHECK(e164("+49301234567", {}) == "+49301234567");
}

TEST_CASE("names are no numbers")
{
    for (const auto* user : {"", "alice", "alice30", "+", "30+1", "4x2", "*31#", "."})
        CHECK(dialled_digits(user).empty());
}

TEST_CASE("tel: URIs, global and local")
{
    CHECK(read_tel(tel("+49-30-1234567", "isub=4")).digits == "+49301234567");
    CHECK(read_tel(tel("7042", "phone-context=+4930")).digits == "+49307042");
    const auto local = read_tel(tel("7042", "phone-context=Example.ORG"));
    CHECK(local.digits == "7042");
    CHECK(local.context_domain == "example.org");
    CHECK(read_tel(tel("7042", "phone-context=example.org.")).context_domain == "example.org");
    CHECK(read_tel(tel("7042")).digits.empty()); // RFC 3966 5.1.5: says not where it counts
}
