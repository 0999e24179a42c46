#include "core/transaction/branch.hpp"

#include "core/transaction/toy_cryptography.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sotto;
using namespace sotto::transaction;

namespace {
test::ToyCryptography cryptography;
const OwnBranch branch{.worker = 3, .transaction = {.index = 70'000, .generation = 41}};
} // namespace

TEST_CASE("our branch leads a response back to its worker and client transaction", "[rfc3261][8.1.1.7]")
{
    const auto text = make_branch(cryptography, branch);
    CHECK(text.starts_with("z9hG4bK"));
    CHECK(text.size() == 41);
    CHECK(text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") ==
          std::string::npos);

    const auto read = read_branch(cryptography, text);
    REQUIRE(read);
    CHECK(read->worker == 3);
    CHECK(read->transaction == branch.transaction);
}

TEST_CASE("no two transactions have the same branch", "[rfc3261][8.1.1.7]")
{
    std::set<std::string> seen;
    for (std::uint16_t worker = 0; worker < 4; ++worker)
        for (std::uint32_t index = 0; index < 50; ++index)
            for (std::uint32_t generation = 1; generation < 20; generation += 2)
                seen.insert(make_branch(cryptography, {worker, {index, generation}}));
    CHECK(seen.size() == 4 * 50 * 10);
}

TEST_CASE("two branches toward the same place have no common part", "[P3]")
{
    Message request{64};
    request.request_uri.text = "sip:bob@example.org";
    const auto one = make_branch(cryptography, {.worker = 1, .transaction = {1, 1}}, request);
    const auto two = make_branch(cryptography, {.worker = 1, .transaction = {2, 1}}, request);
    CHECK(one.substr(30) != two.substr(30));
}

TEST_CASE("what is not our branch leads nowhere", "[rfc3261][18.1.2]")
{
    const auto text = make_branch(cryptography, branch);
    CHECK_FALSE(read_branch(cryptography, ""));
    CHECK_FALSE(read_branch(cryptography, "z9hG4bK776asdhds"));
    CHECK_FALSE(read_branch(cryptography, text.substr(0, 40)));
    CHECK_FALSE(read_branch(cryptography, text + "A"));
    for (std::size_t i = 0; i < 30; ++i) { // cookie, block and dot; the loop part is no secret of ours
        auto changed = text;
        changed[i] = changed[i] == 'Q' ? 'g' : 'Q';
        INFO(changed);
        CHECK_FALSE(read_branch(cryptography, changed));
    }
}

TEST_CASE("a request that comes back unchanged is a loop, one that was retargeted is not", "[rfc5393][4.2]")
{
    Message request{64};
    request.request_uri.text = "sip:bob@example.org";
    std::array<NameAddr, 1> routes;
    routes[0].uri.text = "sip:proxy.example.org;lr";
    const auto own = "branch=" + make_branch(cryptography, branch, request);
    std::array vias{Via{.params = "branch=z9hG4bKforeign"}, Via{.params = own}};
    request.vias = vias;
    CHECK(looped(cryptography, request));

    request.routes = routes;
    CHECK_FALSE(looped(cryptography, request));
    const auto routed = make_branch(cryptography, branch, request);
    CHECK("branch=" + routed != own);

    request.method = Method::cancel; // has the branch of its INVITE
    CHECK(make_branch(cryptography, branch, request) == routed);
}
