#include "crypto/openssl_cryptography.hpp"

#include <catch2/catch.hpp>
#include <openssl/hmac.h>

#include <algorithm>
#include <set>
#include <vector>

using namespace sotto;
using namespace sotto::crypto;
using Use = Cryptography::Use;

namespace {
template <std::size_t size> std::string hex(const std::array<std::uint8_t, size>& bytes)
{
    std::string out;
    for (const auto byte : bytes) {
        out.push_back("0123456789abcdef"[byte >> 4U]);
        out.push_back("0123456789abcdef"[byte & 15U]);
    }
    return out;
}
} // namespace

TEST_CASE("hashes give the published values", "[rfc1321][rfc6234]")
{
    OpenSslCryptography cryptography{ProcessKeys::create()};
    for (int again = 0; again < 2; ++again) { // the contexts are used again
        CHECK(hex(cryptography.md5("abc")) == "900150983cd24fb0d6963f7d28e17f72");
        CHECK(hex(cryptography.sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        CHECK(hex(cryptography.sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}

TEST_CASE("HMAC-SHA256 gives the value of RFC 4231 test case 2, again and again", "[rfc4231]")
{
    HmacSha256 hash{as_bytes("Jefe")};
    for (int again = 0; again < 3; ++again) {
        CHECK(hex(hash(as_bytes("what do ya want "), as_bytes("for nothing?"))) ==
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }
}

TEST_CASE("SHA-256 and HMAC-SHA256 give the library's values for every length around a block", "[rfc2104][rfc6234]")
{
    const std::string_view key = "key";
    HmacSha256 hash{as_bytes(key)};
    OpenSslCryptography cryptography{ProcessKeys::create()};
    std::string text;
    for (std::size_t size = 0; size < 200; ++size, text.push_back(static_cast<char>('a' + size % 26))) {
        std::array<std::uint8_t, 32> expected;
        unsigned written = 0;
        REQUIRE(EVP_Digest(text.data(), text.size(), expected.data(), &written, EVP_sha256(), nullptr) == 1);
        CHECK(cryptography.sha256(text) == expected);
        REQUIRE(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), as_bytes(text).data(), text.size(),
                     expected.data(), &written) != nullptr);
        const auto data = as_bytes(text);
        for (const auto first : {std::size_t{0}, size / 3, size}) // in two parts, wherever they meet
            CHECK(hash(data.first(first), data.subspan(first)) == expected);
    }
}

TEST_CASE("AES-256-GCM gives the published value; a tag may be cut to 96 bits, and fits nothing else", "[crypto]")
{
    AesGcm cipher{std::vector<std::uint8_t>(32)};
    const std::array<std::uint8_t, 12> nonce{};
    std::array<std::uint8_t, 16> text{};
    std::array<std::uint8_t, 16> tag{};
    cipher.seal(nonce, text, text, tag); // test case 14 of the proposal to NIST
    CHECK(hex(text) == "cea7403d4d606b6e074ec5d3baf39d18");
    CHECK(hex(tag) == "d0d1c8a799996bf0265b98b5d48ab919");
    std::array<std::uint8_t, 16> plain{};
    CHECK(cipher.open(nonce, text, tag, plain));
    CHECK(plain == std::array<std::uint8_t, 16>{});
    CHECK(cipher.open(nonce, text, Bytes{tag}.first(12), plain));
    CHECK_THROWS(cipher.open(nonce, text, Bytes{tag}.first(11), plain));
    tag[11] ^= 1;
    CHECK_FALSE(cipher.open(nonce, text, Bytes{tag}.first(12), plain));
}

TEST_CASE("workers with the same keys agree; another process does not", "[crypto]")
{
    const auto keys = ProcessKeys::create();
    OpenSslCryptography one{keys};
    OpenSslCryptography two{keys};
    OpenSslCryptography stranger{ProcessKeys::create()};
    const std::string contact = "sip:alice@192.0.2.4:5061";

    CHECK(one.keyed_hash(Use::aor, "alice@example.org") == two.keyed_hash(Use::aor, "alice@example.org"));
    CHECK(one.keyed_hash(Use::aor, "alice@example.org") != stranger.keyed_hash(Use::aor, "alice@example.org"));
    CHECK(one.keyed_hash(Use::aor, "alice@example.org") != one.keyed_hash(Use::binding, "alice@example.org"));

    const std::array<std::uint8_t, 16> block{1, 2, 3};
    CHECK(two.decrypt_block(one.encrypt_block(block)) == block);
    CHECK(stranger.decrypt_block(one.encrypt_block(block)) != block);

    const auto sealed = one.seal_in_memory(contact);
    CHECK(two.open_in_memory(sealed) == contact);
    CHECK(stranger.open_in_memory(sealed).empty());
}

TEST_CASE("what waits in memory cannot be read there, and looks different each time", "[crypto][P9]")
{
    OpenSslCryptography cryptography{ProcessKeys::create()};
    const std::string contact = "sip:alice@192.0.2.4:5061";
    const auto sealed = cryptography.seal_in_memory(contact);
    CHECK(sealed.find("alice") == std::string::npos);
    CHECK(sealed != cryptography.seal_in_memory(contact));
    auto changed = sealed;
    for (std::size_t i = 0; i < sealed.size(); ++i) {
        changed[i] = static_cast<char>(changed[i] ^ 1);
        CHECK(cryptography.open_in_memory(changed).empty());
        changed[i] = sealed[i];
    }
    CHECK(cryptography.open_in_memory("").empty());
    CHECK(cryptography.open_in_memory(sealed.substr(0, 27)).empty());
    CHECK(cryptography.open_in_memory(cryptography.seal_in_memory("")).empty());
}

TEST_CASE("process keys survive a restart", "[crypto]")
{
    const auto keys = ProcessKeys::create();
    const auto serialised = keys->serialise();
    const auto restored = ProcessKeys::restore(serialised.bytes());
    REQUIRE(restored);
    OpenSslCryptography before{keys};
    OpenSslCryptography after{restored};
    CHECK(before.keyed_hash(Use::binding, "x") == after.keyed_hash(Use::binding, "x"));
    CHECK(after.open_in_memory(before.seal_in_memory("x")) == "x");
    CHECK_FALSE(ProcessKeys::restore(serialised.bytes().first(serialised.bytes().size() - 1)));
    CHECK_FALSE(ProcessKeys::restore({}));
}

TEST_CASE("a rotating hash has two keys for a while, and then the old one is gone", "[crypto][rotation]")
{
    using namespace std::chrono_literals;
    const TimePoint start{100h};
    const auto ring = std::make_shared<KeyRing>(start, KeyRing::Times{.period = 24h, .kept = 1h});
    const auto keys = ProcessKeys::create();
    OpenSslCryptography one{keys, ring};
    OpenSslCryptography two{keys, ring};
    const auto first = one.rotating_hash(Use::aor, "alice");
    CHECK(first.now == first.before);
    CHECK(first.now != one.keyed_hash(Use::aor, "alice"));
    CHECK(first.now != one.rotating_hash(Use::call_id, "alice").now);
    CHECK(first.now == two.rotating_hash(Use::aor, "alice").now);

    REQUIRE(ring->rotate(start + 24h));
    const auto second = one.rotating_hash(Use::aor, "alice");
    CHECK(second.now != first.now);
    CHECK(second.before == first.now);
    CHECK(second.is(first.now));
    CHECK(second.is(second.now));
    CHECK_FALSE(second.is(one.rotating_hash(Use::aor, "bob").now));

    SECTION("the next process has both")
    {
        const auto next = std::make_shared<KeyRing>(start + 24h + 10min, KeyRing::Times{.period = 24h, .kept = 1h});
        REQUIRE(next->restore(ring->serialise().bytes(), start + 24h + 10min));
        const auto after =
            OpenSslCryptography{ProcessKeys::restore(keys->serialise().bytes()), next}.rotating_hash(Use::aor, "alice");
        CHECK(after.now == second.now);
        CHECK(after.before == second.before);
    }
    SECTION("an hour later the old one is destroyed")
    {
        const std::weak_ptr<const Secret> old = ring->snapshot()->front().secret;
        REQUIRE(ring->rotate(start + 25h));
        CHECK(old.expired());
        const auto third = one.rotating_hash(Use::aor, "alice");
        CHECK(third.now == second.now);
        CHECK(third.before == second.now);
        CHECK_FALSE(third.is(first.now));
    }
}

TEST_CASE("random bytes do not repeat, in small and large pieces", "[crypto]")
{
    RandomPool pool;
    std::set<std::array<std::uint8_t, 8>> seen;
    std::array<std::uint8_t, 8> eight{};
    for (int i = 0; i < 1000; ++i) {
        pool.fill(eight);
        CHECK(seen.insert(eight).second);
    }
    std::array<std::uint8_t, 1000> large{};
    pool.fill(large);
    CHECK(std::ranges::count(large, 0) < 50);
}

TEST_CASE("a secret moves and keeps its bytes", "[crypto]")
{
    auto secret = Secret::random(40);
    const std::vector<std::uint8_t> copy(secret.bytes().begin(), secret.bytes().end());
    Secret moved{std::move(secret)};
    CHECK(std::ranges::equal(moved.bytes(), copy));
    Secret other{8};
    other = std::move(moved);
    CHECK(std::ranges::equal(other.bytes(), copy));
}
