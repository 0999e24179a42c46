#include "app/handover.hpp"

#include "os/handover_map.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace sotto::app {
namespace {

/// Says what stands where; a process that does not know it overwrites everything and begins anew.
constexpr std::string_view layout = "sotto handover 2";
constexpr const char* name = "handover";

// Front: the layout. Then, for each item, a page that tells which of two copies counts, and the copies. Then dialogs,
// and phones that sleep: a million, or 250,000 whose push service has long tokens.
constexpr std::uint64_t front = 4'096;
constexpr std::uint64_t page = 4'096;
constexpr std::uint64_t copy_size = page + Handover::longest_item;
constexpr std::uint64_t item_size = page + 2 * copy_size;
constexpr std::uint64_t items = 8; // room for more of them without another layout
constexpr std::uint64_t dialogs_begin = (front + items * item_size + 65'535) / 65'536 * 65'536;
constexpr std::uint64_t sleepers_begin = os::HandoverFile::size / 4 * 3;

constexpr std::uint64_t at(Handover::Item item) { return front + static_cast<std::uint64_t>(item) * item_size; }
/// `number`: 1 or 2.
constexpr std::uint64_t copy(Handover::Item item, std::uint8_t number)
{
    return at(item) + page + (number - 1) * copy_size;
}

using Length = std::array<std::uint8_t, 4>;

class Part final : public location::Region {
public:
    Part(os::HandoverFile& file, std::uint64_t begin, std::uint64_t end)
        : file_{file}, map_{file, begin, end}, begin_{begin}, end_{end}
    {
    }
    [[nodiscard]] std::uint64_t size() const override { return end_ - begin_; }
    bool reserve(std::uint64_t offset, std::uint64_t length) override { return file_.reserve(begin_ + offset, length); }
    void read(std::uint64_t offset, std::span<std::uint8_t> into) const override { file_.read(begin_ + offset, into); }
    void write(std::uint64_t offset, std::span<const std::uint8_t> from) override { map_.write(offset, from); }
    void wipe(std::uint64_t offset, std::uint64_t length) override { map_.wipe(offset, length); }
    void release(std::uint64_t offset, std::uint64_t length) override { file_.release(begin_ + offset, length); }

private:
    os::HandoverFile& file_;
    os::HandoverMap map_;
    std::uint64_t begin_, end_;
};

std::span<const std::uint8_t> bytes_of(std::string_view text)
{
    return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

os::HandoverFile find_or_make(std::vector<os::PassedDescriptor>& passed)
{
    const auto mine = std::ranges::find(passed, name, &os::PassedDescriptor::name);
    if (mine != passed.end()) {
        auto file = os::HandoverFile::adopt(mine->number);
        passed.erase(mine);
        if (file) return std::move(*file);
        os::forget_descriptor(name);
    }
    auto file = os::HandoverFile::create();
    os::store_descriptor(name, file.descriptor());
    return file;
}

} // namespace

Handover::Handover(std::vector<os::PassedDescriptor>& passed) : file_{find_or_make(passed)}
{
    std::array<std::uint8_t, layout.size()> found{};
    file_.read(0, found);
    if (std::ranges::equal(found, bytes_of(layout))) return;
    file_.release_all();
    file_.write(0, bytes_of(layout));
}

std::optional<crypto::Secret> Handover::read(Item item) const
{
    const std::lock_guard lock{mutex_};
    std::array<std::uint8_t, 1> current{};
    file_.read(at(item), current);
    if (current[0] != 1 && current[0] != 2) return std::nullopt;
    Length length{};
    file_.read(copy(item, current[0]), length);
    std::uint32_t size = 0;
    std::memcpy(&size, length.data(), sizeof size);
    if (size == 0 || size > longest_item) return std::nullopt;
    crypto::Secret value{size};
    file_.read(copy(item, current[0]) + length.size(), value.bytes());
    return value;
}

void Handover::write(Item item, std::span<const std::uint8_t> value)
{
    if (value.empty() || value.size() > longest_item) throw std::length_error{"too long for the next process"};
    const std::lock_guard lock{mutex_};
    std::array<std::uint8_t, 1> current{};
    file_.read(at(item), current);
    const std::array<std::uint8_t, 1> next{static_cast<std::uint8_t>(current[0] == 1 ? 2 : 1)};
    const auto size = static_cast<std::uint32_t>(value.size());
    Length length{};
    std::memcpy(length.data(), &size, sizeof size);
    file_.write(copy(item, next[0]), length);
    file_.write(copy(item, next[0]) + length.size(), value);
    file_.write(at(item), next); // from here on the new one counts
    if (current[0] == 1 || current[0] == 2) file_.release(copy(item, current[0]), copy_size);
}

void Handover::destroy(Item item)
{
    const std::lock_guard lock{mutex_};
    file_.release(at(item), item_size);
}

std::unique_ptr<location::Region> Handover::sleepers()
{
    return std::make_unique<Part>(file_, sleepers_begin, os::HandoverFile::size);
}

std::unique_ptr<location::Region> Handover::dialogs()
{
    return std::make_unique<Part>(file_, dialogs_begin, sleepers_begin);
}

std::optional<log::DayKey> day_key(const std::optional<crypto::Secret>& serialised)
{
    log::DayKey key;
    const auto size = sizeof key.day + sizeof key.key;
    if (!serialised || serialised->bytes().size() != size) return std::nullopt;
    std::memcpy(&key.day, serialised->bytes().data(), sizeof key.day);
    std::memcpy(key.key.data(), serialised->bytes().data() + sizeof key.day, sizeof key.key);
    return key;
}

crypto::Secret serialise(const log::DayKey& key)
{
    crypto::Secret out{sizeof key.day + sizeof key.key};
    std::memcpy(out.bytes().data(), &key.day, sizeof key.day);
    std::memcpy(out.bytes().data() + sizeof key.day, key.key.data(), sizeof key.key);
    return out;
}

} // namespace sotto::app
