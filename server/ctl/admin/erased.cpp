#include "ctl/admin/erased.hpp"

#include "ctl/admin/audited_addresses.hpp"
#include "store/store_error.hpp"
#include "store/wait_for.hpp"

#include <string>

namespace sotto::ctl {
namespace {

[[noreturn]] void give_up(const std::string& what)
{
    throw store::StoreError{store::StoreError::Kind::unavailable,
                            what + ": somebody who was erased may still be there, so nobody is served"};
}

template <class T, class Start> T needed(Start start, const std::string& otherwise)
{
    auto outcome = store::wait_for<T>(std::move(start));
    if (!outcome) give_up(otherwise);
    return std::move(*outcome);
}

void remove(const store::AccountRecord& account, store::AccountStore& accounts, audit::FileAuditLog& audit,
            const Canonical& canonical, const ErasureInLedger& calls)
{
    if (calls.ledger != nullptr)
        needed<store::HeldCalls>(
            [&](auto done) { calls.ledger->erase(account.id, calls.policy, calls.now, std::move(done)); },
            "the ledger cannot be written");
    const auto known_as = audited_as(account, accounts, audit, canonical);
    if (!known_as) give_up("the accounts or the audit log cannot be read");
    for (const auto& address : *known_as)
        if (!audit.forget(address)) give_up("the audit log cannot be written");
    needed<store::AccountRecord>([&](auto done) { accounts.remove(account.addresses.front().text(), std::move(done)); },
                                 "the accounts cannot be written");
}

} // namespace

void remove_erased(const store::Erasures& erasures, store::AccountStore& accounts, audit::FileAuditLog& audit,
                   const Canonical& canonical, const std::function<ErasureInLedger()>& calls)
{
    if (erasures.empty()) return;
    constexpr std::size_t page_size = 1000;
    std::string from;
    do {
        const auto page = needed<store::AccountPage>(
            [&](auto done) { accounts.list(from, page_size, std::move(done)); }, "the accounts cannot be read");
        for (const auto& account : page.accounts)
            if (erasures.contains(account.id)) remove(account, accounts, audit, canonical, calls());
        from = page.next;
    } while (!from.empty());
}

} // namespace sotto::ctl
