#include "core/auth/nonce.hpp"

#include "crypto/openssl_cryptography.hpp"

#include <catch2/catch.hpp>

#include <set>

using namespace sotto;
using namespace sotto::auth;
using namespace std::chrono_literals;

TEST_CASE("nonces of one flow are all different and say nothing but their age", "[rfc7616][3.3]")
{
    crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    FlowNonces nonces;
    std::set<std::string> seen;
    for (int i = 0; i < 200; ++i) {
        const auto nonce = issue_nonce(nonces, FlowId::of(0, 1), TimePoint{100s}, crypto);
        CHECK(nonce.size() == 24);
        CHECK(seen.insert(nonce).second);
    }
}

TEST_CASE("a nonce does not tell what the machine's clock says, nor that two connections are one machine's",
          "[rfc7616]")
{
    crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    std::set<std::string> begins;
    for (std::uint32_t i = 0; i < 50; ++i) {
        FlowNonces nonces;
        const auto nonce = issue_nonce(nonces, FlowId::of(0, i), TimePoint{75'346s}, crypto);
        CHECK_FALSE(nonce.starts_with("UiYB")); // 75346, the lowest byte first
        begins.insert(nonce.substr(0, 5));
        CHECK(check_nonce(nonces, FlowId::of(0, i), nonce, 1, TimePoint{75'646s}, crypto, true) == NonceState::good);
    }
    CHECK(begins.size() > 40);
}

TEST_CASE("a nonce that was changed or made up is not ours", "[rfc7616][3.3]")
{
    crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    const auto flow = FlowId::of(0, 1);
    const TimePoint now{100s};
    FlowNonces nonces;
    const auto nonce = issue_nonce(nonces, flow, now, crypto);
    for (std::size_t i = 0; i < nonce.size(); ++i) {
        auto changed = nonce;
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK(check_nonce(nonces, flow, changed, 1, now, crypto, true) == NonceState::foreign);
    }
    CHECK(check_nonce(nonces, flow, "", 1, now, crypto, true) == NonceState::foreign);
    CHECK(check_nonce(nonces, FlowId::of(0, 2), nonce, 1, now, crypto, true) == NonceState::foreign);
    CHECK(check_nonce(nonces, flow, nonce, 1, now, crypto, false) == NonceState::good);
    CHECK(check_nonce(nonces, flow, nonce, 1, now, crypto, true) == NonceState::good);
    CHECK(check_nonce(nonces, flow, nonce, 1, now, crypto, true) == NonceState::stale);
}

TEST_CASE("an idle connection's nonces are small: four slots, and a pointer for more", "[rfc7616]")
{
    CHECK(sizeof(FlowNonces) <= 64);
}
