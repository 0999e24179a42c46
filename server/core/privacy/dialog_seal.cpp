#include "core/privacy/dialog_seal.hpp"

#include "core/dialog/note.hpp"

#include <cstring>
#include <utility>

namespace sotto {
namespace {

// The first character of every sealed text: what follows, and the dialog's flags.
constexpr char plain_base = '@';
constexpr char withheld_flag = 1;
constexpr char elsewhere_flag = 2; ///< the text is kept in memory; what follows names it
constexpr char session_flag = 4;
constexpr char dialled_flag = 8;
constexpr std::size_t mark_length = 6;
constexpr std::uint32_t cseq_half = 1U << 30U;         // RFC 3261 8.1.1.5: below 2^31; the offset takes half of that
constexpr std::uint32_t rseq_circle = (1U << 31U) - 1; // RFC 3262 3: 1 to 2^31 - 1

/// `number` moved around the circle of RSeq numbers. What no phone may begin with but some do (RFC 3262 3) is moved
/// around a circle of its own; two numbers stand outside of both, and stay: 0 and 2^32 - 1.
constexpr std::uint32_t turned(std::uint32_t number, std::uint32_t by)
{
    if (number == 0 || number == UINT32_MAX) return number;
    const auto first = number > rseq_circle ? rseq_circle + 1 : 1U;
    return static_cast<std::uint32_t>((std::uint64_t{number} - first + by) % rseq_circle) + first;
}
static_assert(turned(turned(7, 5), rseq_circle - 5) == 7 && turned(rseq_circle, 1) == 1 && turned(1, rseq_circle) == 1);
static_assert(turned(rseq_circle + 1, 1) == rseq_circle + 2 && turned(UINT32_MAX - 1, 1) == rseq_circle + 1);

/// Of that dialog alone: the forks of a request keep the same value, and the end of one must not take it from another.
BindingId id_of_text(Cryptography& cryptography, KeyedHash dialog, std::string_view value)
{
    std::string text{reinterpret_cast<const char*>(&dialog), sizeof dialog};
    text += value;
    return {cryptography.keyed_hash(Cryptography::Use::dialog, text).high | 1U};
}

constexpr std::string_view connected_line = "connected line";
constexpr std::string_view ended_early = "ended early";
constexpr std::size_t most_early_ends = 16; ///< whoever is called may name as many as it likes
constexpr std::string_view asked_in_vain_for(Role asker)
{
    return asker == Role::caller ? "caller asked in vain" : "callee asked in vain";
}

bool holds_mark(std::string_view marks, std::string_view mark)
{
    for (; !marks.empty(); marks.remove_prefix(mark_length))
        if (marks.substr(0, mark_length) == mark) return true;
    return false;
}

} // namespace

DialogSeal::DialogSeal(SealParts parts, Holder caller, Holder callee)
    : parts_{parts}, epoch_{parts.sealer.current_epoch()}, salt_{parts.sealer.fresh_salt()}, holders_{caller, callee}
{
}

DialogSeal::DialogSeal(SealParts parts, const Target& target, Holder caller, Holder callee)
    : parts_{parts}, epoch_{target.epoch}, salt_{target.salt}, holders_{caller, callee}
{
}

KeyedHash DialogSeal::hash() const
{
    if (!hash_) hash_ = parts_.sealer.dialog_hash(epoch_, salt_);
    return *hash_;
}

const DialogNumbers& DialogSeal::numbers(Role side)
{
    auto& known = numbers_[side == Role::caller ? 0 : 1];
    if (!known) known = parts_.sealer.numbers(epoch_, salt_, side);
    return *known;
}

std::string DialogSeal::seal(SealKind kind, Role stands_for, const std::string& text)
{
    const auto receiver = receiver_of(stands_for);
    if (auto token = parts_.sealer.seal(kind, epoch_, stands_for, receiver, salt_, text)) return *std::move(token);
    const auto value = std::string_view{text}.substr(1);
    const auto id = id_of_text(parts_.cryptography, hash(), value);
    if (!stands_alone_)
        parts_.memory.keep_text(hash(), epoch_, id, {parts_.cryptography.seal_in_memory(value)}, holder(stands_for));
    std::array<std::uint8_t, sizeof id.value> raw{};
    std::memcpy(raw.data(), &id.value, raw.size());
    const auto name = std::string(1, static_cast<char>(text.front() + elsewhere_flag)).append(base64url(raw));
    return parts_.sealer.seal(kind, epoch_, stands_for, receiver, salt_, name).value_or(std::string{});
}

std::optional<std::string> DialogSeal::open(SealKind kind, Role stands_for, std::string_view token)
{
    auto opened = parts_.sealer.open(kind, token, stands_for, receiver_of(stands_for));
    if (!opened || opened->epoch != epoch_ || opened->salt != salt_ || opened->value.empty()) return std::nullopt;
    const auto flags = opened->value.front() - plain_base;
    if ((flags & elsewhere_flag) == 0) return std::move(opened->value);
    std::array<std::uint8_t, sizeof(BindingId::value)> raw{};
    if (!from_base64url(std::string_view{opened->value}.substr(1), raw)) return std::nullopt;
    BindingId id;
    std::memcpy(&id.value, raw.data(), raw.size());
    const auto kept = parts_.memory.text(id);
    if (!kept) return std::nullopt;
    return static_cast<char>(plain_base + flags - elsewhere_flag) + parts_.cryptography.open_in_memory(kept->bytes);
}

std::string DialogSeal::call_id(std::string_view value, std::string_view owner)
{
    std::string text(1, plain_base);
    text += owner.empty() ? mark_of(holders_.front()) : owner;
    return seal(SealKind::call_id, Role::caller, text += value);
}

std::optional<std::string> DialogSeal::open_call_id(std::string_view token)
{
    auto text = open(SealKind::call_id, Role::caller, token);
    if (!text || text->size() < 1 + mark_length) return std::nullopt;
    return text->substr(1 + mark_length);
}

const std::string& DialogSeal::tag(Role stands_for, const Tag& tag)
{
    const auto flags =
        (tag.withheld ? withheld_flag : 0) | (tag.session ? session_flag : 0) | (tag.dialled ? dialled_flag : 0);
    std::string text(1, static_cast<char>(plain_base + flags));
    text += tag.owner.empty() ? mark_of(holders_[stands_for == Role::caller ? 0 : 1]) : tag.owner;
    text += tag.value;
    if (latest_tag_.stands_for != stands_for || latest_tag_.text != text) {
        auto token = seal(SealKind::tag, stands_for, text);
        latest_tag_ = {stands_for, std::move(text), std::move(token)};
    }
    return latest_tag_.token;
}

std::optional<DialogSeal::Tag> DialogSeal::open_tag(Role stands_for, std::string_view token)
{
    const auto text = open(SealKind::tag, stands_for, token);
    if (!text || text->size() < 1 + mark_length) return std::nullopt;
    const auto flags = text->front() - plain_base;
    return Tag{.value = text->substr(1 + mark_length),
               .withheld = (flags & withheld_flag) != 0,
               .session = (flags & session_flag) != 0,
               .dialled = (flags & dialled_flag) != 0,
               .owner = text->substr(1, mark_length)};
}

void DialogSeal::keep_callee_privacy(const CalleePrivacy& privacy)
{
    const std::array<char, 2> text{privacy.withheld ? (*privacy.withheld ? 'w' : 's') : '-',
                                   privacy.session ? 's' : '-'};
    parts_.memory.keep_note(hash(), epoch_, id_of_note(parts_.cryptography, connected_line, hash()),
                            {parts_.cryptography.seal_in_memory({text.data(), text.size()})});
}

DialogSeal::CalleePrivacy DialogSeal::callee_privacy() const
{
    const auto kept = parts_.memory.text(id_of_note(parts_.cryptography, connected_line, hash()));
    if (!kept) return {};
    const auto text = parts_.cryptography.open_in_memory(kept->bytes);
    CalleePrivacy privacy{.withheld = std::nullopt, .session = text.ends_with('s')};
    if (!text.starts_with('-')) privacy.withheld = text.starts_with('w');
    return privacy;
}

void DialogSeal::keep_asked_in_vain(Role asker, bool in_vain)
{
    if (asked_in_vain(asker) == in_vain) return;
    parts_.memory.keep_note(hash(), epoch_, id_of_note(parts_.cryptography, asked_in_vain_for(asker), hash()),
                            {parts_.cryptography.seal_in_memory(in_vain ? "v" : "-")});
}

bool DialogSeal::asked_in_vain(Role asker) const
{
    const auto kept = parts_.memory.text(id_of_note(parts_.cryptography, asked_in_vain_for(asker), hash()));
    return kept && parts_.cryptography.open_in_memory(kept->bytes) == "v";
}

std::string DialogSeal::early_ends() const
{
    const auto kept = parts_.memory.text(id_of_note(parts_.cryptography, ended_early, hash()));
    return kept ? parts_.cryptography.open_in_memory(kept->bytes) : std::string{};
}

bool DialogSeal::keep_early_end(std::string_view callee_tag)
{
    auto all = early_ends();
    const auto mark = mark_of({parts_.cryptography.keyed_hash(Cryptography::Use::dialog, callee_tag)});
    if (holds_mark(all, mark)) return true;
    if (all.size() == most_early_ends * mark_length) return false;
    all += mark;
    parts_.memory.keep_note(hash(), epoch_, id_of_note(parts_.cryptography, ended_early, hash()),
                            {parts_.cryptography.seal_in_memory(all)});
    return true;
}

bool DialogSeal::early_end_of(std::string_view callee_tag) const
{
    return holds_mark(early_ends(), mark_of({parts_.cryptography.keyed_hash(Cryptography::Use::dialog, callee_tag)}));
}

const std::string& DialogSeal::target(Role stands_for, BindingId id)
{
    if (latest_target_.stands_for != stands_for || latest_target_.id != id || latest_target_.token.empty())
        latest_target_ = {stands_for, id,
                          parts_.sealer.seal_target({epoch_, stands_for, id, salt_}, receiver_of(stands_for))};
    return latest_target_.token;
}

std::uint32_t DialogSeal::cseq(Role sender, std::uint32_t number)
{
    return number % cseq_half + numbers(sender).cseq_offset;
}

std::optional<std::uint32_t> DialogSeal::cseq_back(Role sender, std::uint32_t number)
{
    const auto offset = numbers(sender).cseq_offset;
    if (number >= offset && number - offset < cseq_half) return number - offset;
    return std::nullopt;
}

std::uint32_t DialogSeal::rseq(Role responder, std::uint32_t number)
{
    return turned(number, numbers(responder).rseq_offset);
}

std::uint32_t DialogSeal::rseq_back(Role responder, std::uint32_t number)
{
    return turned(number, rseq_circle - numbers(responder).rseq_offset);
}

std::optional<std::string> call_id_in_reply(std::string_view token, Holder callee, Holder receiver, SealParts parts)
{
    const auto opened = parts.sealer.open(SealKind::call_id, token, Role::caller, callee);
    if (!opened || opened->value.size() < 1 + mark_length || (opened->value.front() - plain_base) != 0)
        return std::nullopt;
    if (std::string_view{opened->value}.substr(1, mark_length) != mark_of(receiver)) return std::nullopt;
    return opened->value.substr(1 + mark_length);
}

std::string mark_of(Holder holder)
{
    std::array<std::uint8_t, sizeof holder.hash.high> raw{};
    std::memcpy(raw.data(), &holder.hash.high, raw.size());
    return base64url(raw).substr(0, mark_length);
}

Holder holder_of(const Party& party, Cryptography& cryptography)
{
    const auto account = party.account();
    std::array<char, 1 + sizeof account.value> raw{static_cast<char>(party.receiver())};
    std::memcpy(raw.data() + 1, &account.value, sizeof account.value);
    const std::string_view subscriber{raw.data(), raw.size()};
    if (!party.foreign()) return {cryptography.keyed_hash(Cryptography::Use::holder, subscriber)};
    return {cryptography.keyed_hash(Cryptography::Use::holder, std::string{subscriber} + party.name())};
}

} // namespace sotto
