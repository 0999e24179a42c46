#include "core/privacy/quote.hpp"

#include <array>
#include <cstring>

namespace sotto {
namespace {

constexpr char base = '@';
constexpr char target_is_caller = 1;
constexpr char withheld = 2;
constexpr char session = 4;
constexpr char dialled = 8;
constexpr char elsewhere = 16;   // what follows names a text that is kept in memory
constexpr char separator = '\n'; // no Call-ID and no tag holds one

Holder as_caller(Role side, Holder holder) { return side == Role::caller ? holder : Holder{}; }
Holder as_callee(Role side, Holder holder) { return side == Role::callee ? holder : Holder{}; }

BindingId id_of_quote(std::string text, const QuotedDialog& dialog, SealParts parts)
{
    const auto hash = parts.sealer.dialog_hash(dialog.epoch, dialog.salt);
    text.append(reinterpret_cast<const char*>(&hash), sizeof hash);
    return {parts.cryptography.keyed_hash(Cryptography::Use::dialog, text).high | 1U};
}

/// What was too long for its token, in place of its name. False: it is kept no more.
bool fetch_elsewhere(std::string& value, SealParts parts)
{
    if (value.empty() || ((value.front() - base) & elsewhere) == 0) return true;
    BindingId id;
    std::array<std::uint8_t, sizeof id.value> raw{};
    if (!from_base64url(std::string_view{value}.substr(1), raw)) return false;
    std::memcpy(&id.value, raw.data(), raw.size());
    const auto kept = parts.memory.text(id);
    if (!kept) return false;
    value = parts.cryptography.open_in_memory(kept->bytes);
    return true;
}

} // namespace

std::optional<QuotedDialog> read_quote(const QuoteText& text, Holder quoting, SealParts parts)
{
    for (const auto target_role : {Role::callee, Role::caller}) {
        const auto opened = parts.sealer.open(SealKind::tag, text.target_tag, target_role, quoting);
        if (!opened) continue;
        const auto own_role = other(target_role);
        DialogSeal seal{parts, Target{opened->epoch, target_role, {}, opened->salt}, as_caller(own_role, quoting),
                        as_callee(own_role, quoting)};
        const auto target_tag = seal.open_tag(target_role, text.target_tag);
        auto call_id =
            own_role == Role::caller ? std::optional{std::string{text.call_id}} : seal.open_call_id(text.call_id);
        if (!target_tag || !call_id) return std::nullopt;
        return QuotedDialog{.epoch = opened->epoch,
                            .salt = opened->salt,
                            .target_role = target_role,
                            .call_id = std::move(*call_id),
                            .quoting_tag = {.value = std::string{text.quoting_tag},
                                            .withheld = target_tag->withheld,
                                            .session = target_tag->session,
                                            .dialled = target_tag->dialled,
                                            .owner = mark_of(quoting)},
                            .target_tag = target_tag->value,
                            .target_owner = target_tag->owner};
    }
    return std::nullopt;
}

std::string seal_quote(const QuotedDialog& dialog, Holder carrier, SealParts parts)
{
    char flags = base;
    if (dialog.target_role == Role::caller) flags = static_cast<char>(flags + target_is_caller);
    if (dialog.quoting_tag.withheld) flags = static_cast<char>(flags + withheld);
    if (dialog.quoting_tag.session) flags = static_cast<char>(flags + session);
    if (dialog.quoting_tag.dialled) flags = static_cast<char>(flags + dialled);
    std::string text{flags};
    text.append(dialog.quoting_tag.owner).append(dialog.target_owner).append(dialog.call_id) += separator;
    text.append(dialog.quoting_tag.value) += separator;
    text.append(dialog.target_tag);
    const auto seal = [&](std::string_view value) {
        return parts.sealer.seal(SealKind::quote, dialog.epoch, Role::callee, carrier, dialog.salt, value);
    };
    if (auto token = seal(text)) return *token;
    const auto id = id_of_quote(text, dialog, parts);
    parts.memory.keep_text(parts.sealer.dialog_hash(dialog.epoch, dialog.salt), dialog.epoch, id,
                           {parts.cryptography.seal_in_memory(text)}, {});
    std::array<std::uint8_t, sizeof id.value> raw{};
    std::memcpy(raw.data(), &id.value, raw.size());
    return seal(static_cast<char>(base + elsewhere) + base64url(raw)).value_or(std::string{});
}

std::optional<QuotedDialog> open_quote(std::string_view token, Holder carrier, SealParts parts)
{
    auto opened = parts.sealer.open(SealKind::quote, token, Role::callee, carrier);
    if (!opened || !fetch_elsewhere(opened->value, parts)) return std::nullopt;
    const std::size_t mark = mark_of({}).size();
    if (opened->value.size() < 1 + 2 * mark) return std::nullopt;
    const auto first = opened->value.find(separator, 1 + 2 * mark);
    const auto second = first == std::string::npos ? first : opened->value.find(separator, first + 1);
    if (second == std::string::npos) return std::nullopt;
    const int flags = opened->value.front() - base;
    return QuotedDialog{.epoch = opened->epoch,
                        .salt = opened->salt,
                        .target_role = (flags & target_is_caller) != 0 ? Role::caller : Role::callee,
                        .call_id = opened->value.substr(1 + 2 * mark, first - 1 - 2 * mark),
                        .quoting_tag = {.value = opened->value.substr(first + 1, second - first - 1),
                                        .withheld = (flags & withheld) != 0,
                                        .session = (flags & session) != 0,
                                        .dialled = (flags & dialled) != 0,
                                        .owner = opened->value.substr(1, mark)},
                        .target_tag = opened->value.substr(second + 1),
                        .target_owner = opened->value.substr(1 + mark, mark)};
}

TargetView view_of_target(const QuotedDialog& dialog, Holder target, SealParts parts)
{
    const auto role = dialog.target_role;
    DialogSeal seal{parts, Target{dialog.epoch, role, {}, dialog.salt}, as_caller(role, target),
                    as_callee(role, target)};
    // The flags are those of the tag that the target saw: a caller's tag says what the caller withholds, and so does a
    // callee's.
    return {.call_id = role == Role::caller ? dialog.call_id : seal.call_id(dialog.call_id, dialog.quoting_tag.owner),
            .target_tag = dialog.target_tag,
            .quoting_tag = seal.tag(other(role), dialog.quoting_tag)};
}

} // namespace sotto
