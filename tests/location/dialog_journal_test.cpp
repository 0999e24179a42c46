#include "location/dialog_memory.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <array>
#include <random>
#include <set>
#include <string>

using namespace sotto;
using location::Region;
using location::SharedDialogMemory;

namespace {

using Memory = std::vector<std::uint8_t>;

/// Shared by one process and the next; can stop in the middle, as a process that is killed.
class TestRegion final : public Region {
public:
    TestRegion(std::shared_ptr<Memory> memory, std::shared_ptr<std::size_t> writes_left, std::shared_ptr<bool> room)
        : memory_{std::move(memory)}, writes_left_{std::move(writes_left)}, room_{std::move(room)}
    {
    }
    [[nodiscard]] std::uint64_t size() const override { return memory_->size(); }
    bool reserve(std::uint64_t /*offset*/, std::uint64_t /*length*/) override { return *room_; }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) const override
    {
        std::copy_n(memory_->begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    }
    void write(std::uint64_t offset, std::span<const std::uint8_t> from) override
    {
        const bool begun = *writes_left_ > 0;
        const auto there = begun && !spent() ? 0 : last; // one that is cut short has its first bytes not yet
        if (begun)
            std::ranges::copy(from.subspan(there), memory_->begin() + static_cast<std::ptrdiff_t>(offset + there));
    }
    void wipe(std::uint64_t offset, std::uint64_t length) override
    {
        if (spent()) return;
        std::fill_n(memory_->begin() + static_cast<std::ptrdiff_t>(offset), length, std::uint8_t{0});
    }
    void release(std::uint64_t offset, std::uint64_t length) override
    {
        for (auto end = offset + length; end > offset; end -= whole) wipe(end - whole, whole);
    }

private:
    [[nodiscard]] bool spent() const { return *writes_left_ == 0 || --*writes_left_ == 0; }
    std::shared_ptr<Memory> memory_;
    std::shared_ptr<std::size_t> writes_left_;
    std::shared_ptr<bool> room_;
};

struct Service {
    std::shared_ptr<Memory> memory = std::make_shared<Memory>(64 * 65'536);
    std::shared_ptr<std::size_t> writes_left = std::make_shared<std::size_t>(SIZE_MAX);
    std::shared_ptr<bool> room = std::make_shared<bool>(true);
    std::set<std::uint8_t> alive{1, 2};

    [[nodiscard]] SharedDialogMemory next_process() const
    {
        *writes_left = SIZE_MAX;
        return SharedDialogMemory{std::make_unique<TestRegion>(memory, writes_left, room),
                                  [this](Epoch epoch) { return alive.contains(epoch.number); }};
    }
    /// Begins and ends of records that no process takes for one, nor for nothing.
    [[nodiscard]] std::size_t halves() const
    {
        static constexpr std::array<std::size_t, 5> sizes{16, 256, 1'024, 4'096, 16'384};
        const auto zero = [](auto from, auto length) {
            return std::all_of(from, from + static_cast<std::ptrdiff_t>(length), [](auto byte) { return byte == 0; });
        };
        std::size_t found = 0;
        for (auto segment = memory->begin(); segment != memory->end(); segment += 65'536) {
            if (*segment == 0) continue;
            const auto size = sizes.at(segment[9]);
            for (auto at = size; at < 65'536; at += size)
                if (const auto record = segment + static_cast<std::ptrdiff_t>(at);
                    zero(record, 8) && !zero(record, size))
                    ++found;
        }
        return found;
    }
    [[nodiscard]] bool holds(std::string_view text) const
    {
        return std::search(memory->begin(), memory->end(), text.begin(), text.end()) != memory->end();
    }
};

constexpr Epoch first{1}, second{2};
Epochs only(Epoch epoch) { return Epochs{}.set(epoch.number); }

DialogMemory::Handle handle_of(std::string contact)
{
    return {.party = AccountId{7},
            .flow = FlowId::of(1, 99),
            .device = BindingId{8},
            .transport = Transport::wss,
            .contact = SealedText{std::move(contact)},
            .referral = true,
            .withheld = true,
            .referred_withheld = true};
}

} // namespace

TEST_CASE("The next process knows ended dialogs, handles and long values", "[handover]")
{
    Service service;
    {
        auto before = service.next_process();
        before.end({1, 2}, first);
        before.keep({3, 4}, second, BindingId{5}, handle_of("sealed contact"), {});
        before.keep_text({3, 4}, second, BindingId{6}, SealedText{std::string(900, 'x')}, {});
    }
    const auto after = service.next_process();
    CHECK(after.ended({1, 2}, first));
    CHECK_FALSE(after.ended({3, 4}, second));
    const auto handle = after.handle(BindingId{5});
    REQUIRE(handle);
    CHECK(handle->party == Party{AccountId{7}});
    CHECK(handle->device == BindingId{8});
    CHECK(handle->transport == Transport::wss);
    CHECK(handle->contact.bytes == "sealed contact");
    CHECK(handle->referral);
    CHECK(handle->withheld);
    CHECK_FALSE(handle->session);
    CHECK(handle->referred_withheld);
    CHECK_FALSE(handle->flow); // a flow means nothing to another process
    const auto text = after.text(BindingId{6});
    REQUIRE(text);
    CHECK(text->bytes == std::string(900, 'x'));
}

TEST_CASE("A handle of a peer or a gateway keeps its name", "[handover]")
{
    const Service service;
    auto handle = handle_of("its contact");
    handle.party = Party{Receiver::gateway, "a-telephone-network"};
    service.next_process().keep({3, 4}, first, BindingId{5}, handle, {});
    const auto after = service.next_process().handle(BindingId{5});
    REQUIRE(after);
    CHECK(after->party == handle.party);
    CHECK(after->contact.bytes == "its contact");
}

TEST_CASE("What ends is overwritten for the next process as well", "[handover][P9]")
{
    Service service;
    auto before = service.next_process();
    before.keep({3, 4}, first, BindingId{5}, handle_of("the contact of one call"), {});
    before.keep({5, 6}, second, BindingId{7}, handle_of("the contact of another"), {});
    REQUIRE(service.holds("the contact of one call"));
    SECTION("with its dialog") { before.end({3, 4}, first); }
    SECTION("with its epoch") { before.forget(only(first)); }
    SECTION("with the value that replaces it")
    {
        before.keep({3, 4}, first, BindingId{5}, handle_of("a newer one"), {});
        CHECK(service.next_process().handle(BindingId{5})->contact.bytes == "a newer one");
    }
    SECTION("with an epoch that was over before the next process began")
    {
        service.alive = {2};
        CHECK_FALSE(service.next_process().handle(BindingId{5}));
    }
    CHECK_FALSE(service.holds("the contact of one call"));
    CHECK(service.next_process().handle(BindingId{7}));
}

TEST_CASE("Memory of what has ended is used again", "[handover]")
{
    Service service;
    auto memory = service.next_process();
    for (std::uint64_t i = 1; i <= 20'000; ++i) { // 4,032 fit at a time
        memory.keep({i, i}, first, BindingId{i}, handle_of(std::string(900, 'h')), {});
        memory.end({i, i}, second);
        if (i % 5'000 != 0) continue;
        memory.forget(only(second));
        memory.forget({}); // its number has come again
    }
    memory.keep({1, 7}, first, BindingId{1}, handle_of("fits"), {});
    CHECK(service.next_process().handle(BindingId{1}));
}

TEST_CASE("Memory that is full hands on what fits, and the process goes on", "[handover]")
{
    Service service;
    auto memory = service.next_process();
    for (std::uint64_t i = 1; i <= 70 * 4'096; ++i) memory.end({i, i}, first);
    memory.end({1, 77}, first);
    CHECK(memory.ended({1, 77}, first));
    memory.forget(only(first));
    memory.end({1, 78}, second);
    CHECK(service.next_process().ended({1, 78}, second));
}

TEST_CASE("A process killed between two writes leaves what was whole", "[handover]")
{
    std::mt19937 random{1};
    for (std::size_t cut = 1; cut < 120; ++cut) {
        Service service;
        std::set<std::uint64_t> ended;
        {
            auto before = service.next_process();
            *service.writes_left = cut;
            for (std::uint64_t i = 1; *service.writes_left > 0 && i < 60; ++i) {
                for (int again = 0; again < 2; ++again)
                    before.keep({i, i}, first, BindingId{i}, handle_of(std::string(100 + random() % 2'000, 'c')), {});
                if (i % 2 == 0) before.end({i, i}, first);
            }
        }
        const auto after = service.next_process();
        CHECK(service.halves() == 0);
        for (std::uint64_t i = 1; i < 60; ++i)
            if (const auto handle = after.handle(BindingId{i}))
                CHECK(handle->contact.bytes.find_first_not_of('c') == std::string::npos);
    }
}

TEST_CASE("A process killed while an epoch ends leaves nothing of it to a later one", "[handover]")
{
    for (std::size_t cut = 1; cut < 40; ++cut) {
        Service service;
        {
            auto before = service.next_process();
            for (std::uint64_t i = 1; i < 3'000; ++i) before.end({i, i}, first);
            before.keep({7, 7}, first, BindingId{7}, handle_of("sealed contact"), {});
            *service.writes_left = cut;
            before.forget(only(first));
        }
        service.alive = {2};
        service.next_process().end({1, 78}, second);
        CHECK_FALSE(service.holds("sealed contact"));
        const auto later = service.next_process();
        CHECK(later.size().ended == 1);
        CHECK(later.ended({1, 78}, second));
    }
}

TEST_CASE("Nothing is kept of an epoch that is over, until its number comes again", "[handover][P9]")
{
    Service service;
    auto memory = service.next_process();
    const Holder holder{{1, 1}};
    memory.forget(only(first));
    const auto as_much_as_may_be = std::string(SharedDialogMemory::most_of_holder / 2 + 1, 't');
    for (int i = 0; i < 2; ++i) // of requests that had begun before
        memory.keep_text({3, 4}, first, BindingId{5}, SealedText{as_much_as_may_be}, holder);
    memory.keep({3, 4}, first, BindingId{6}, handle_of("sealed contact"), holder);
    memory.keep_note({3, 4}, first, BindingId{7}, SealedText{"sealed note"});
    memory.end({3, 4}, first);
    CHECK(memory.size().ended + memory.size().handles + memory.size().texts == 0);
    CHECK(std::ranges::all_of(*service.memory, [](auto byte) { return byte == 0; }));
    CHECK(memory.ended({3, 4}, first)); // whatever answers there begins nothing any more
    memory.keep_text({3, 4}, second, BindingId{8}, SealedText{as_much_as_may_be}, holder);
    CHECK(memory.text(BindingId{8}));

    memory.forget(only(second));
    CHECK_FALSE(memory.ended({3, 4}, first));
    memory.keep({3, 4}, first, BindingId{6}, handle_of("sealed contact"), holder);
    CHECK(memory.handle(BindingId{6}));
}

TEST_CASE("What could not be told from an empty place is not handed on", "[handover]")
{
    Service service;
    service.next_process().end({0, 5}, first);
    CHECK(std::ranges::all_of(*service.memory, [](auto byte) { return byte == 0; }));
}

TEST_CASE("Where there is no memory nothing is handed on, and the call goes on", "[handover]")
{
    Service service;
    {
        auto before = service.next_process();
        before.end({1, 1}, first);
        *service.room = false;
        before.keep({7, 7}, first, BindingId{7}, handle_of("sealed contact"), {}); // would be the first of its size
        CHECK(before.handle(BindingId{7}));
    }
    auto after = service.next_process();
    CHECK(after.ended({1, 1}, first));
    CHECK_FALSE(after.handle(BindingId{7}));
    after.end({2, 2}, first);
    CHECK_FALSE(service.next_process().ended({2, 2}, first));
    *service.room = true;
    service.next_process().end({3, 3}, first);
    CHECK(service.next_process().ended({3, 3}, first));
}

TEST_CASE("Whatever stands in the memory is read without harm", "[handover]")
{
    std::mt19937 random{2};
    for (int round = 0; round < 50; ++round) {
        Service service;
        {
            auto before = service.next_process();
            for (std::uint64_t i = 1; i < 40; ++i) {
                before.keep({i, i}, first, BindingId{i}, handle_of(std::string(random() % 3'000, 'c')), {});
                before.end({i, 0}, second);
            }
        }
        for (int hit = 0; hit < 200; ++hit)
            (*service.memory)[random() % (8 * 65'536)] = static_cast<std::uint8_t>(random());
        auto after = service.next_process();
        after.end({1, 1}, first);
        CHECK(after.ended({1, 1}, first));
    }
}

TEST_CASE("One party's values take so much and no more, and those of others are kept", "[limits]")
{
    SharedDialogMemory memory;
    const Holder greedy{{1, 1}}, modest{{2, 2}};
    const std::size_t long_value = 8'000;
    std::uint64_t count = 0;
    const auto kept = [&] { return memory.size().handles; };
    while (kept() == count && count < 20'000) {
        ++count;
        memory.keep({count, 1}, first, BindingId{count}, handle_of(std::string(long_value, 'x')), greedy);
    }
    CHECK(kept() * long_value > SharedDialogMemory::most_of_holder / 2);
    CHECK(kept() * long_value < SharedDialogMemory::most_of_holder);
    memory.keep({1, 2}, first, BindingId{1'000'000}, handle_of("contact"), modest);
    memory.keep({1, 3}, first, BindingId{1'000'001}, handle_of("contact"), {});
    CHECK(memory.handle(BindingId{1'000'000}));
    CHECK(memory.handle(BindingId{1'000'001}));
    SECTION("until its dialogs end") { memory.end({1, 1}, first); }
    SECTION("or their epoch does") { memory.forget(only(first)); }
    SECTION("or its values become shorter") { memory.keep({1, 1}, first, BindingId{1}, handle_of("short"), greedy); }
    memory.keep({count, 1}, second, BindingId{count}, handle_of(std::string(long_value / 2, 'x')), greedy);
    CHECK(memory.handle(BindingId{count}));
}

TEST_CASE("A dialog has so many values and no more, and all go with it", "[limits]")
{
    SharedDialogMemory memory;
    for (std::uint64_t i = 1; i <= 1'000; ++i) memory.keep_text({1, 1}, first, BindingId{i}, SealedText{"tag"}, {});
    CHECK(memory.text(BindingId{SharedDialogMemory::most_of_dialog}));
    CHECK_FALSE(memory.text(BindingId{SharedDialogMemory::most_of_dialog + 1}));
    memory.keep_note({1, 1}, first, BindingId{2'000}, SealedText{"our own"});
    CHECK(memory.text(BindingId{2'000})); // a party that has filled its dialog keeps nothing of ours out of it
    memory.keep_text({1, 1}, first, BindingId{1}, SealedText{"another"}, {});
    CHECK(memory.text(BindingId{1})->bytes == "another");
    memory.end({1, 1}, first);
    for (std::uint64_t i = 1; i <= 2'000; ++i) CHECK_FALSE(memory.text(BindingId{i}));
    // What comes too late is not kept: nobody would remove it.
    memory.keep({1, 1}, first, BindingId{1}, handle_of("contact"), {});
    memory.keep_text({1, 1}, first, BindingId{2}, SealedText{"tag"}, {});
    memory.keep_note({1, 1}, first, BindingId{3}, SealedText{"our own"});
    CHECK(memory.size().handles == 0);
    CHECK(memory.size().texts == 0);
}
