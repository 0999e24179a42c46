#include "store/ledger/flushes.hpp"
#include "store/ledger/ledger_files.hpp"
#include "store/store_error.hpp"
#include "support/file_limit.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::store;
using namespace std::chrono_literals;
using test::StateDirectory;

namespace {

constexpr auto november = 2026y / std::chrono::November;

struct Store {
    StateDirectory state;
    crypto::Secret master{crypto::Secret::random(32)};
    std::filesystem::path folder{state.path() / "keys"};

    std::vector<std::uint8_t> row_key(PeriodId id)
    {
        KeyStore keys{folder, master};
        const auto* key = keys.period_key(id);
        return key == nullptr ? std::vector<std::uint8_t>{}
                              : std::vector<std::uint8_t>{key->bytes().begin(), key->bytes().end()};
    }
    [[nodiscard]] std::string content(const char* name) const
    {
        std::ifstream stream{folder / name, std::ios::binary};
        return {std::istreambuf_iterator<char>{stream}, {}};
    }
};

} // namespace

TEST_CASE("keys are found again by the next process, with what is known of their period")
{
    Store store;
    PeriodId id;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::itemised_flat);
        CHECK(keys.collecting(november, retention::Case::itemised_flat) == id);
        CHECK(keys.collecting(november, retention::Case::chargeable) != id);
        keys.invoice(id, 3, retention::Day{2026y / 12 / 5});
        CHECK(keys.collecting(november, retention::Case::itemised_flat) != id); // an invoiced period takes no more
        test::make_key(keys, {77});
        keys.believe(test::at(2026y / 12 / 6));
    }
    const KeyStore keys{store.folder, store.master};
    const auto* period = keys.period(id);
    REQUIRE(period != nullptr);
    CHECK(period->month == november);
    CHECK(period->kind == retention::Case::itemised_flat);
    CHECK(period->invoiced == retention::Day{2026y / 12 / 5});
    CHECK(period->run == 3);
    CHECK(keys.subjects() == std::vector{AccountId{77}});
    CHECK(keys.believed() == test::at(2026y / 12 / 6));
}

TEST_CASE("another master key opens nothing, and says so")
{
    Store store;
    {
        KeyStore keys{store.folder, store.master};
    }
    CHECK_THROWS_AS((KeyStore{store.folder, crypto::Secret::random(32)}), StoreError);
}

TEST_CASE("neither copy shows a key or a number of an account")
{
    Store store;
    std::string secrets[2];
    {
        KeyStore keys{store.folder, store.master};
        const auto key = test::make_key(keys, {0x0123'4567'89AB'CDEF});
        secrets[0].assign(key.bytes.begin(), key.bytes.end());
        secrets[1] = "\xEF\xCD\xAB\x89\x67\x45\x23\x01";
    }
    for (const auto* name : {"store", "backup"})
        for (const auto& secret : secrets) CHECK(store.content(name).find(secret) == std::string::npos);
}

TEST_CASE("a destroyed key is overwritten in both copies")
{
    Store store;
    PeriodId id;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
        const auto before = store.content("store");
        CHECK(store.content("backup") == before);
        keys.destroy(id);
        const auto slot = before.substr(128, 128);
        CHECK(store.content("store").find(slot) == std::string::npos);
        CHECK(store.content("backup").find(slot) == std::string::npos);
    }
    CHECK(store.row_key(id).empty());
}

TEST_CASE("a destruction that the disk refused is made good by the next one, of whatever key, or by a run of retention")
{
    Store store;
    KeyStore keys{store.folder, store.master};
    const auto id = keys.collecting(november, retention::Case::chargeable);
    test::make_key(keys, {77});
    const auto before = store.content("store");
    {
        const test::FileLimit full{0};
        CHECK_THROWS_AS(keys.destroy(id), StoreError);
        CHECK_THROWS_AS(keys.destroy(AccountId{77}), StoreError);
    }
    CHECK(keys.periods().empty());
    CHECK_FALSE(keys.subject_key({77}));
    SECTION("told again") { keys.destroy(AccountId{77}); }
    SECTION("a run of retention") { keys.believe(retention::Time{}); }
    for (const auto* name : {"store", "backup"})
        for (const std::size_t slot : {1U, 2U})
            CHECK(store.content(name).find(before.substr(slot * 128, 128)) == std::string::npos);
    KeyStore next{store.folder, store.master};
    CHECK(next.periods().empty());
    CHECK(next.subjects().empty());
}

TEST_CASE("a destruction that reached only the first copy is finished at the next start")
{
    Store store;
    PeriodId id;
    std::string before;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
        before = store.content("backup");
        keys.destroy(id);
    }
    std::ofstream{store.folder / "backup", std::ios::binary} << before; // as if the process had died in between
    CHECK(store.row_key(id).empty());
    CHECK(store.content("backup").find(before.substr(128, 128)) == std::string::npos);
}

TEST_CASE("a damaged first copy is mended from the second")
{
    Store store;
    PeriodId id;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
    }
    const auto key = store.row_key(id);
    std::ofstream{store.folder / "store", std::ios::binary} << std::string(256, 'x');
    CHECK(store.row_key(id) == key);
}

TEST_CASE("a slot that is damaged in the first copy is mended from the second, and an empty one stays empty")
{
    Store store;
    PeriodId kept;
    PeriodId gone;
    std::string before;
    {
        KeyStore keys{store.folder, store.master};
        kept = keys.collecting(november, retention::Case::chargeable);
        gone = keys.collecting(november, retention::Case::allowance);
        before = store.content("backup");
        keys.destroy(gone);
    }
    const auto key = store.row_key(kept);
    auto damaged = store.content("store");
    damaged[128 + 60] ^= 1;
    std::ofstream{store.folder / "store", std::ios::binary} << damaged;
    std::ofstream{store.folder / "backup", std::ios::binary} << before;
    CHECK(store.row_key(kept) == key);
    CHECK(store.row_key(gone).empty());
    CHECK(store.content("backup") == store.content("store"));
}

TEST_CASE("a new key for which there is no room is not given out; those before it open, in this process and the next")
{
    Store store;
    const bool in_a_free_slot = GENERATE(false, true);
    PeriodId id;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
        if (in_a_free_slot) keys.destroy(keys.collecting(november, retention::Case::itemised_flat));
        {
            const test::FileLimit full{in_a_free_slot ? 0 : store.content("store").size()};
            CHECK_THROWS_AS(test::make_key(keys, {77}), StoreError);
            CHECK_THROWS_AS(keys.succeed(*keys.period(id)), StoreError);
        }
        CHECK(keys.periods().size() == 1);
        CHECK_FALSE(keys.subject_key({77}));
        CHECK(keys.period_key(id) != nullptr);
    }
    const auto key = store.row_key(id);
    CHECK_FALSE(key.empty());
    KeyStore keys{store.folder, store.master};
    CHECK(keys.periods().size() == 1);
    CHECK_FALSE(keys.subject_key({77}));
    test::make_key(keys, {77}); // there is room again
    CHECK(std::ranges::equal(keys.period_key(id)->bytes(), key));
    CHECK(keys.subjects() == std::vector{AccountId{77}});
}

TEST_CASE("keys of many new subscribers wait for the disk once, and each is made once")
{
    Store store;
    std::optional<Key> first;
    {
        KeyStore keys{store.folder, store.master};
        keys.destroy(keys.collecting(november, retention::Case::chargeable)); // a slot before the end is free
        first = test::make_key(keys, {1});
        std::vector<AccountId> all;
        for (std::uint64_t i = 1; i <= 20; ++i) all.insert(all.end(), 2, {i});
        const auto before = test::flushes();
        keys.make_subject_keys(all);
        CHECK(test::flushes() == before + 1);
        keys.make_subject_keys(all);
        CHECK(test::flushes() == before + 1);
        CHECK(keys.subjects().size() == 20);
    }
    const auto content = store.content("store");
    CHECK(content.size() == 21 * 128); // with the head
    CHECK(content == store.content("backup"));
    const KeyStore keys{store.folder, store.master};
    CHECK(keys.subjects().size() == 20);
    CHECK(keys.subject_key({1})->bytes == first->bytes);
    CHECK(keys.subject_key({2})->bytes != keys.subject_key({3})->bytes);
}

TEST_CASE("of keys for which there is no room together none is given out, and none is found by the next process")
{
    Store store;
    const std::vector<AccountId> both{{1}, {2}};
    std::optional<Key> made;
    {
        KeyStore keys{store.folder, store.master};
        test::make_key(keys, {7});
        keys.destroy(AccountId{7});
        const auto before = store.content("store");
        {
            const test::FileLimit full{before.size()}; // one slot before the end
            CHECK_THROWS_AS(keys.make_subject_keys(both), StoreError);
        }
        CHECK(keys.subjects().empty());
        CHECK(store.content("store").size() == before.size());
        made = test::make_key(keys, {2});
    }
    CHECK(store.content("store") == store.content("backup"));
    KeyStore keys{store.folder, store.master};
    CHECK(keys.subjects() == std::vector{AccountId{2}});
    CHECK(keys.subject_key({2})->bytes == made->bytes);
}

TEST_CASE("a key that could not be flushed is not found by the next process beside the one that its account got then")
{
    Store store;
    const bool disk_comes_back = GENERATE(true, false);
    const bool overwritten_at_once = GENERATE(true, false); // else not before the next key
    if (!disk_comes_back && !overwritten_at_once) return;   // then the next process finds what nobody could take back
    std::optional<Key> made;
    {
        KeyStore keys{store.folder, store.master};
        for (const AccountId account : {AccountId{5}, AccountId{6}}) test::make_key(keys, account);
        for (const AccountId account : {AccountId{5}, AccountId{6}}) keys.destroy(account);
        static std::optional<test::FileLimit> refused;
        test::instead_of_flushes([] { return EIO; });
        if (!overwritten_at_once)
            test::instead_of_flushes([] {
                if (!refused) refused.emplace(0);
                return EIO;
            });
        CHECK_THROWS_AS(keys.make_subject_keys(std::vector<AccountId>{{77}}), StoreError);
        CHECK_THROWS_AS(keys.make_subject_keys(std::vector<AccountId>{{77}}), StoreError);
        test::instead_of_flushes(nullptr);
        refused.reset();
        CHECK_FALSE(keys.subject_key({77}));
        if (disk_comes_back) made = test::make_key(keys, {77});
    }
    KeyStore keys{store.folder, store.master};
    if (disk_comes_back) {
        CHECK(keys.subject_key({77})->bytes == made->bytes);
        keys.destroy(AccountId{77});
    }
    const KeyStore next{store.folder, store.master};
    CHECK(next.subjects().empty());
}

TEST_CASE("a change of the master key for which there is no room leaves the one before in force")
{
    Store store;
    KeyStore keys{store.folder, store.master};
    const auto id = keys.collecting(november, retention::Case::chargeable);
    test::make_key(keys, {5});
    std::filesystem::create_directory(store.folder / "next"); // where the new file would be
    std::ofstream{store.folder / "next" / "in-the-way"} << "x";
    CHECK_THROWS(keys.rewrap(crypto::Secret::random(32)));
    CHECK(keys.subject_key({5}).has_value());
    CHECK_FALSE(store.content("store").empty());
    std::filesystem::remove_all(store.folder / "next");
    CHECK_FALSE(store.row_key(id).empty());
}

TEST_CASE("the master key is changed without touching a row's key, and the old one opens nothing then")
{
    Store store;
    PeriodId id;
    const auto next = crypto::Secret::random(32);
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
        test::make_key(keys, {5});
        const auto before = store.content("store");
        const auto key = store.row_key(id);
        keys.rewrap(next);
        CHECK(std::ranges::equal(keys.period_key(id)->bytes(), key));
        CHECK(keys.subjects() == std::vector{AccountId{5}});
        CHECK(store.content("backup") == store.content("store"));
    }
    CHECK_THROWS_AS((KeyStore{store.folder, store.master}), StoreError);
    const KeyStore keys{store.folder, next};
    CHECK(keys.period_key(id) != nullptr);
    CHECK_FALSE(std::filesystem::exists(store.folder / "next"));
}

TEST_CASE("a change of the master key that was cut short leaves one that opens, and can be made again")
{
    Store store;
    const auto next = crypto::Secret::random(32);
    PeriodId id;
    std::string old;
    {
        KeyStore keys{store.folder, store.master};
        id = keys.collecting(november, retention::Case::chargeable);
        old = store.content("store");
        keys.rewrap(next);
    }
    SECTION("before the new file took the old one's place")
    {
        std::filesystem::rename(store.folder / "store", store.folder / "next");
        std::ofstream{store.folder / "store", std::ios::binary} << old;
        std::ofstream{store.folder / "backup", std::ios::binary} << old;
        KeyStore keys{store.folder, store.master};
        CHECK(keys.period_key(id) != nullptr);
        keys.rewrap(next);
        CHECK(keys.period_key(id) != nullptr);
    }
    SECTION("after it, before the second copy was overwritten")
    {
        std::ofstream{store.folder / "backup", std::ios::binary} << old;
        const KeyStore keys{store.folder, next};
        CHECK(keys.period_key(id) != nullptr);
        CHECK(store.content("backup").find(old.substr(0, 128)) == std::string::npos);
    }
}
