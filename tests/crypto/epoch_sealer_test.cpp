#include "crypto/epoch_sealer.hpp"

#include "core/types/cryptography.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <random>
#include <set>
#include <vector>

using namespace sotto;
using namespace sotto::crypto;
using namespace std::chrono_literals;

namespace {

constexpr std::array kinds{SealKind::call_id, SealKind::tag, SealKind::quote};
constexpr std::array roles{Role::caller, Role::callee};
const Holder alice{{11, 12}};
const Holder bob{{21, 22}};
const TimePoint start{1000s};

std::size_t limit(SealKind kind)
{
    return kind == SealKind::call_id ? Sealer::longest_call_id
           : kind == SealKind::tag   ? Sealer::longest_tag
                                     : EpochSealer::longest_quote;
}

struct Service {
    std::shared_ptr<KeyRing> ring = std::make_shared<KeyRing>(start);
    EpochSealer sealer{ring};
};

/// The token with one bit of what it encodes turned over.
std::string with_bit_flipped(std::string_view token, std::size_t bit)
{
    std::vector<std::uint8_t> bytes(token.size() * 3 / 4);
    REQUIRE(from_base64url(token, bytes));
    bytes[bit / 8] = static_cast<std::uint8_t>(bytes[bit / 8] ^ (1U << (bit % 8)));
    return base64url(bytes);
}

std::size_t bits_in(std::string_view token) { return token.size() * 3 / 4 * 8; }

/// Length of the longest text that stands in both.
std::size_t common(std::string_view a, std::string_view b)
{
    std::size_t longest = 0;
    std::vector<std::size_t> row(b.size() + 1);
    for (const char left : a)
        for (std::size_t j = b.size(); j > 0; --j) {
            row[j] = left == b[j - 1] ? row[j - 1] + 1 : 0;
            longest = std::max(longest, row[j]);
        }
    return longest;
}

#ifdef NDEBUG
constexpr int many = 1'000'000;
#else
constexpr int many = 20'000;
#endif

} // namespace

TEST_CASE("what was sealed opens again: random values, kinds, roles, holders and salts", "[sealing][property-1]")
{
    Service service;
    std::mt19937_64 random{1};
    const auto epoch = service.sealer.current_epoch();
    int wrong = 0;
    for (int i = 0; i < many; ++i) {
        const Holder holder{{random(), random()}};
        const auto role = roles[random() % 2];
        const auto salt = service.sealer.fresh_salt();
        if (i % 4 == 3) {
            const Target target{.epoch = epoch, .role = role, .id = {random()}, .salt = salt};
            const auto opened = service.sealer.open_target(service.sealer.seal_target(target, holder), holder);
            wrong += opened && opened->id == target.id && opened->role == role && opened->salt == salt &&
                             opened->epoch == epoch
                         ? 0
                         : 1;
            continue;
        }
        const auto kind = kinds[static_cast<std::size_t>(i % 4)];
        std::string value(random() % (limit(kind) + 1), '\0');
        for (auto& c : value) c = static_cast<char>(random());
        const auto token = service.sealer.seal(kind, epoch, role, holder, salt, value);
        const auto opened = token ? service.sealer.open(kind, *token, role, holder) : std::nullopt;
        wrong += opened && opened->value == value && opened->salt == salt && opened->epoch == epoch ? 0 : 1;
    }
    CHECK(wrong == 0);
}

TEST_CASE("a token opens only as what it is, and only for its holder", "[sealing][property-1]")
{
    Service service;
    auto& sealer = service.sealer;
    const auto epoch = sealer.current_epoch();
    const auto salt = sealer.fresh_salt();

    SECTION("values")
    {
        for (const auto kind : kinds)
            for (const auto role : roles) {
                const auto token = *sealer.seal(kind, epoch, role, alice, salt, "1928301774");
                CHECK(sealer.open(kind, token, role, alice));
                CHECK_FALSE(sealer.open(kind, token, role, bob));
                CHECK_FALSE(sealer.open(kind, token, other(role), alice));
                for (const auto another : kinds)
                    if (another != kind) CHECK_FALSE(sealer.open(another, token, role, alice));
                CHECK_FALSE(sealer.open_target(token, alice));
                int opened = 0;
                for (std::size_t bit = 0; bit < bits_in(token); ++bit)
                    opened += sealer.open(kind, with_bit_flipped(token, bit), role, alice) ? 1 : 0;
                CHECK(opened == 0);
                CHECK_FALSE(sealer.open(kind, token + "A", role, alice));
                CHECK_FALSE(sealer.open(kind, token.substr(0, token.size() - 1), role, alice));
            }
    }
    SECTION("targets say which side they stand for")
    {
        for (const auto role : roles) {
            const Target target{.epoch = epoch, .role = role, .id = {7}, .salt = salt};
            const auto token = sealer.seal_target(target, alice);
            REQUIRE(sealer.open_target(token, alice));
            CHECK(sealer.open_target(token, alice)->role == role);
            CHECK_FALSE(sealer.open_target(token, bob));
            int opened = 0;
            for (std::size_t bit = 0; bit < bits_in(token); ++bit)
                opened += sealer.open_target(with_bit_flipped(token, bit), alice) ? 1 : 0;
            CHECK(opened == 0);
            for (const auto kind : kinds) CHECK_FALSE(sealer.open(kind, token, role, alice));
        }
    }
    SECTION("what strangers write")
    {
        std::mt19937_64 random{2};
        for (const std::string_view text : {"", "a", "alice", "1928301774", "a84b4c76e66710@pc33.atlanta.com"}) {
            CHECK_FALSE(sealer.open_target(text, alice));
            for (const auto kind : kinds) CHECK_FALSE(sealer.open(kind, text, Role::caller, alice));
        }
        for (int i = 0; i < 1000; ++i) {
            std::array<std::uint8_t, 27> bytes{};
            for (auto& byte : bytes) byte = static_cast<std::uint8_t>(random());
            bytes[0] = epoch.number;
            CHECK_FALSE(sealer.open_target(base64url(bytes), alice));
        }
    }
    SECTION("another server")
    {
        Service stranger;
        const auto token = *sealer.seal(SealKind::tag, epoch, Role::caller, alice, salt, "x");
        CHECK_FALSE(stranger.sealer.open(SealKind::tag, token, Role::caller, alice));
    }
}

TEST_CASE("one length per kind, in an alphabet that is valid in every place", "[sealing][property-2]")
{
    Service service;
    std::set<std::size_t> lengths;
    for (const auto kind : kinds) {
        std::set<std::size_t> of_kind;
        for (std::size_t size = 0; size <= limit(kind); ++size) {
            const auto token = service.sealer.seal(kind, service.sealer.current_epoch(), Role::caller, alice,
                                                   service.sealer.fresh_salt(), std::string(size, 'x'));
            REQUIRE(token);
            of_kind.insert(token->size());
            CHECK(token->find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") ==
                  std::string::npos);
        }
        CHECK(of_kind.size() == 1);
        lengths.insert(*of_kind.begin());
        CHECK_FALSE(service.sealer.seal(kind, service.sealer.current_epoch(), Role::caller, alice, {},
                                        std::string(limit(kind) + 1, 'x')));
    }
    CHECK(lengths.size() == 3);
    CHECK(service.sealer.seal_target({.epoch = service.sealer.current_epoch()}, alice).size() == Sealer::target_length);
}

TEST_CASE("within a dialog a value looks the same, over rotations and a restart", "[sealing][property-2]")
{
    Service service;
    const auto epoch = service.sealer.current_epoch();
    const auto salt = service.sealer.fresh_salt();
    const Target target{.epoch = epoch, .role = Role::callee, .id = {7}, .salt = salt};
    const auto seal_all = [&](Sealer& sealer) {
        std::vector<std::string> out{sealer.seal_target(target, bob)};
        for (const auto kind : kinds) out.push_back(sealer.seal(kind, epoch, Role::caller, bob, salt, "a-cid").value());
        const auto numbers = sealer.numbers(epoch, salt, Role::caller);
        for (const auto offset : {numbers.cseq_offset, numbers.rseq_offset, numbers.sdp_version_offset})
            out.push_back(std::to_string(offset));
        out.push_back(std::to_string(numbers.sdp_session));
        out.push_back(std::to_string(sealer.dialog_hash(epoch, salt).low));
        return out;
    };
    const auto first = seal_all(service.sealer);
    auto now = start;
    for (int hour = 0; hour < 12; ++hour) {
        now += 1h;
        service.ring->rotate(now);
        CHECK(seal_all(service.sealer) == first);
    }
    EpochSealer other_worker{service.ring};
    CHECK(seal_all(other_worker) == first);

    auto ring = std::make_shared<KeyRing>(now);
    REQUIRE(ring->restore(service.ring->serialise().bytes(), now));
    EpochSealer restarted{ring};
    CHECK(seal_all(restarted) == first);
    CHECK(restarted.open_target(first[0], bob)->id == BindingId{7});
}

TEST_CASE("another leg, fork, callee or call shows unrelated tokens for the same value", "[sealing][property-2]")
{
    Service service;
    auto& sealer = service.sealer;
    const auto epoch = sealer.current_epoch();
    const auto salt = sealer.fresh_salt();
    const std::string reused = "the-same-call-id-every-time@192.0.2.4";
    std::vector<std::string> tokens;
    const auto add = [&](SealKind kind, Role role, Holder holder, Salt with) {
        tokens.push_back(*sealer.seal(kind, epoch, role, holder, with, reused));
    };
    for (int call = 0; call < 10; ++call) add(SealKind::call_id, Role::caller, bob, sealer.fresh_salt());
    add(SealKind::call_id, Role::caller, bob, salt);
    add(SealKind::call_id, Role::caller, alice, salt);
    add(SealKind::call_id, Role::callee, bob, salt);
    add(SealKind::tag, Role::caller, bob, salt);
    add(SealKind::quote, Role::caller, bob, salt);
    for (int call = 0; call < 10; ++call)
        tokens.push_back(sealer.seal_target({.epoch = epoch, .id = {7}, .salt = sealer.fresh_salt()}, bob));

    // Behind the epoch's byte; seven characters in common are a chance of one in a million for all pairs together.
    std::size_t longest = 0;
    for (std::size_t i = 0; i < tokens.size(); ++i)
        for (std::size_t j = i + 1; j < tokens.size(); ++j)
            longest =
                std::max(longest, common(std::string_view{tokens[i]}.substr(2), std::string_view{tokens[j]}.substr(2)));
    CHECK(longest < 7);
}

TEST_CASE("the numbers of two dialogs and of two sides are unrelated and within their ranges", "[sealing]")
{
    Service service;
    auto& sealer = service.sealer;
    const auto epoch = sealer.current_epoch();
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
        const auto salt = sealer.fresh_salt();
        for (const auto role : roles) {
            const auto [cseq, rseq, session, version] = sealer.numbers(epoch, salt, role);
            REQUIRE(cseq < (1U << 30U));
            REQUIRE(version < (1U << 30U));
            REQUIRE(session > 0);
            REQUIRE(session < (std::uint64_t{1} << 62U));
            REQUIRE(rseq < (1U << 31U) - 1);
            REQUIRE(rseq != cseq);
            REQUIRE(cseq != version);
            seen.insert(session);
        }
    }
    CHECK(seen.size() == 2000);
    CHECK(sealer.dialog_hash(epoch, sealer.fresh_salt()) != sealer.dialog_hash(epoch, sealer.fresh_salt()));
}

TEST_CASE("a destroyed epoch opens nothing, in a worker that had its key in use too", "[sealing][property-4]")
{
    Service service;
    auto& sealer = service.sealer;
    const auto epoch = sealer.current_epoch();
    const auto salt = sealer.fresh_salt();
    const auto token = *sealer.seal(SealKind::call_id, epoch, Role::caller, alice, salt, "a-cid");
    const auto target = sealer.seal_target({.epoch = epoch, .id = {7}, .salt = salt}, alice);

    service.ring->rotate(start + 1h);
    service.ring->rotate(start + 13h - 1ms);
    CHECK(sealer.alive(epoch));
    CHECK(sealer.open(SealKind::call_id, token, Role::caller, alice));
    service.ring->rotate(start + 13h);
    CHECK_FALSE(sealer.alive(epoch));
    CHECK_FALSE(sealer.open(SealKind::call_id, token, Role::caller, alice));
    CHECK_FALSE(sealer.open_target(target, alice));
    CHECK_FALSE(sealer.seal(SealKind::call_id, epoch, Role::caller, alice, salt, "a-cid"));
    CHECK(sealer.seal_target({.epoch = epoch, .id = {7}, .salt = salt}, alice).empty());
    CHECK(sealer.numbers(epoch, salt, Role::caller).cseq_offset == 0);

    // The number comes round again after 256 epochs, with another key.
    for (auto now = start + 14h; sealer.current_epoch() != epoch; now += 1h) REQUIRE(service.ring->rotate(now));
    CHECK_FALSE(sealer.open(SealKind::call_id, token, Role::caller, alice));
    CHECK_FALSE(sealer.open_target(target, alice));
}
