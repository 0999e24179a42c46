#include "store/ledger/holds.hpp"

#include "store/ledger/packed.hpp"

#include <algorithm>
#include <array>

namespace sotto::store {
namespace {

std::uint64_t packed(std::chrono::year_month month)
{
    return static_cast<std::uint64_t>(static_cast<int>(month.year())) * 12 + static_cast<unsigned>(month.month()) - 1;
}

std::chrono::year_month month_of(std::uint64_t number)
{
    return std::chrono::year{static_cast<int>(number / 12)} /
           std::chrono::month{static_cast<unsigned>(number % 12 + 1)};
}

std::vector<std::uint8_t> packed(const HoldCase& hold)
{
    Packer packer;
    packer.number(static_cast<std::uint64_t>(hold.kind));
    packer.number(hold.account.value);
    packer.number(packed(hold.first));
    packer.number(packed(hold.last));
    packer.number(static_cast<std::uint64_t>(hold.expires.time_since_epoch().count()));
    for (const auto* text : {&hold.reference, &hold.basis, &hold.asked_by, &hold.consented_by}) packer.text(*text);
    return packer.filled(64);
}

HoldCase unpacked(HoldId id, crypto::Bytes bytes)
{
    Unpacker from{bytes};
    HoldCase hold{.id = id};
    hold.kind = static_cast<HoldKind>(from.number());
    hold.account = {from.number()};
    hold.first = month_of(from.number());
    hold.last = month_of(from.number());
    hold.expires = retention::Time{std::chrono::seconds{static_cast<std::int64_t>(from.number())}};
    for (auto* text : {&hold.reference, &hold.basis, &hold.asked_by, &hold.consented_by}) *text = from.text();
    return hold;
}

bool complete(const HoldCase& hold)
{
    const auto fits = [](const std::string& text, std::size_t most) { return !text.empty() && text.size() <= most; };
    return hold.account && fits(hold.reference, 100) && fits(hold.basis, 200) && fits(hold.asked_by, 64) &&
           hold.first.ok() && hold.last.ok() && hold.first <= hold.last && hold.expires != retention::Time{};
}

} // namespace

std::string_view name_of(HoldKind kind)
{
    constexpr std::array<std::string_view, 3> names{"dispute", "tracing", "legal-order"};
    return names[static_cast<std::size_t>(kind)];
}

std::string_view sentence_for(HoldFailure failure)
{
    constexpr std::array<std::string_view, 5> sentences{
        "there is no such hold", "the operator who asked for a hold cannot consent to it: another one must",
        "somebody has consented already",
        "a hold needs an account, months in their order, a reference, a basis and an expiry",
        "the expiry must lie ahead, and at most 366 days: ask again then"};
    return sentences[static_cast<std::size_t>(failure)];
}

Holds::Holds(const Database& database, Vault& vault)
    : vault_{vault}, dispute_{database.open<Purpose::dispute>()}, legal_{database.open<Purpose::legal>()}
{
}

template <Purpose purpose> void Holds::put(Connection<purpose>& connection, HoldId id, const Sealed& content)
{
    Transaction transaction{connection};
    auto remove = connection.prepare("DELETE FROM hold WHERE id = ?1");
    remove.bind_all(static_cast<std::int64_t>(id.value));
    remove.run();
    auto add = connection.prepare("INSERT INTO hold (id, content) VALUES (?1, ?2)");
    add.bind_all(static_cast<std::int64_t>(id.value), crypto::Bytes{content});
    add.run();
    transaction.commit();
}

void Holds::put(const HoldCase& hold, const Sealed& content)
{
    if (hold.kind == HoldKind::dispute)
        put(dispute_, hold.id, content);
    else
        put(legal_, hold.id, content);
}

HoldOutcome<HoldCase> Holds::ask(HoldCase hold, retention::Time now)
{
    hold.consented_by.clear();
    if (!complete(hold)) return HoldFailure::incomplete;
    if (hold.expires <= now || hold.expires > now + longest_hold) return HoldFailure::expired;
    hold.id = {vault_.number()};
    put(hold, vault_.seal_hold(hold.id, packed(hold)));
    return hold;
}

HoldOutcome<HoldCase> Holds::consent(HoldId id, std::string_view operator_name, retention::Time now)
{
    const auto all = list();
    const auto found = std::ranges::find(all, id, &HoldCase::id);
    if (found == all.end()) return HoldFailure::no_such_hold;
    auto hold = *found;
    if (hold.expires <= now) return HoldFailure::expired;
    if (!hold.consented_by.empty()) return HoldFailure::consented;
    if (hold.asked_by == operator_name || operator_name.empty()) return HoldFailure::same_operator;
    hold.consented_by = operator_name;
    put(hold, vault_.seal_hold(hold.id, packed(hold)));
    return hold;
}

HoldOutcome<HoldCase> Holds::release(HoldId id)
{
    const auto all = list();
    const auto found = std::ranges::find(all, id, &HoldCase::id);
    if (found == all.end()) return HoldFailure::no_such_hold;
    vault_.destroy(id);
    auto remove = dispute_.prepare("DELETE FROM hold WHERE id = ?1");
    remove.bind_all(static_cast<std::int64_t>(id.value));
    remove.run();
    dispute_.truncate_log();
    return *found;
}

std::size_t Holds::renew(const Step& step)
{
    const auto all = list();
    for (const auto& hold : all) {
        put(hold, vault_.seal_hold_anew(hold.id, packed(hold)));
        if (step) step("hold");
        vault_.renewed(hold.id);
    }
    return all.size();
}

std::size_t Holds::forget_keyless()
{
    std::vector<std::int64_t> keyless;
    auto rows = legal_.prepare("SELECT id FROM hold");
    while (rows.step())
        if (!vault_.keys().hold_key({static_cast<std::uint64_t>(rows.number(0))})) keyless.push_back(rows.number(0));
    auto remove = legal_.prepare("DELETE FROM hold WHERE id = ?1");
    for (const auto id : keyless) {
        remove.bind_all(id);
        remove.run();
    }
    return keyless.size();
}

std::vector<HoldCase> Holds::list()
{
    std::vector<HoldCase> all;
    auto rows = legal_.prepare("SELECT id, content FROM hold ORDER BY id");
    while (rows.step()) {
        const HoldId id{static_cast<std::uint64_t>(rows.number(0))};
        if (const auto plain = vault_.open_hold(id, rows.bytes(1))) all.push_back(unpacked(id, *plain));
    }
    return all;
}

} // namespace sotto::store
