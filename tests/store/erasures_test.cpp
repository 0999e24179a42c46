#include "store/erasures.hpp"
#include "store/state_directory.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>

using namespace sotto;

TEST_CASE("who was erased is known to the next process, by no number that stands on the disk")
{
    const test::StateDirectory state;
    const auto secret = crypto::Secret::random(32);
    const AccountId alice{0x0123'4567'89AB'CDEF};
    {
        store::Erasures erasures{state.path(), secret};
        CHECK(erasures.empty());
        erasures.add(alice);
        erasures.add(alice);
    }
    const store::Erasures erasures{state.path(), secret};
    CHECK(erasures.contains(alice));
    CHECK_FALSE(erasures.contains({78}));
    std::ifstream stream{state.path() / "erasures", std::ios::binary};
    const std::string content{std::istreambuf_iterator<char>{stream}, {}};
    CHECK(content.size() == 32);
    CHECK(content.find("\xEF\xCD\xAB\x89") == std::string::npos);
    CHECK_FALSE(
        store::Erasures{state.path(), crypto::Secret::random(32)}.contains(alice)); // the hash says nothing alone
}
