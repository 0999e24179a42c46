#include "app/erased.hpp"

#include <future>
#include <string>

namespace sotto::app {
namespace {

store::AccountPage page_of(store::AccountStore& accounts, const std::string& from)
{
    constexpr std::size_t page_size = 1000;
    std::promise<store::AccountPage> page;
    accounts.list(from, page_size, [&](store::Outcome<store::AccountPage> listed) {
        page.set_value(listed ? *listed : store::AccountPage{});
    });
    return page.get_future().get();
}

void remove(store::AccountStore& accounts, const std::string& address)
{
    std::promise<void> removed;
    accounts.remove(address, [&](const auto&) { removed.set_value(); });
    removed.get_future().wait();
}

} // namespace

void remove_erased(const store::Erasures& erasures, store::AccountStore& accounts, audit::AuditLog& audit)
{
    if (erasures.empty()) return;
    std::string from;
    do {
        const auto listed = page_of(accounts, from);
        for (const auto& account : listed.accounts) {
            if (!erasures.contains(account.id)) continue;
            for (const auto& address : account.addresses) audit.forget(address.text());
            remove(accounts, account.addresses.front().text());
        }
        from = listed.next;
    } while (!from.empty());
}

} // namespace sotto::app
