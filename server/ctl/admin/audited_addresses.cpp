#include "ctl/admin/audited_addresses.hpp"

#include "ctl/admin/audit_commands.hpp"
#include "store/address.hpp"
#include "store/wait_for.hpp"

#include <algorithm>

namespace sotto::ctl {
namespace {

store::Outcome<bool> is_taken(const std::string& address, store::AccountStore& accounts)
{
    const auto shown =
        store::wait_for<store::AccountRecord>([&](auto done) { accounts.show(address, std::move(done)); });
    // One whose domain is an alias now may lead to somebody else.
    if (shown) return std::ranges::count(shown->addresses, address, &store::Address::text) > 0;
    using enum store::Failure;
    if (shown.error() == unavailable || shown.error() == overloaded) return shown.error();
    return false; // what is no address of ours (any more) is nobody's, too
}

store::Outcome<std::vector<std::string>> with_those_of_before(std::vector<std::string> theirs,
                                                              store::AccountStore& accounts, audit::FileAuditLog& audit,
                                                              const Canonical& canonical)
{
    const auto own = theirs.size();
    const auto all = with_former(audit, theirs, canonical);
    if (!all) return all.error();
    for (auto i = own; i < all->size(); ++i) {
        const auto taken = is_taken((*all)[i], accounts);
        if (!taken) return taken.error();
        if (!*taken) theirs.push_back((*all)[i]);
    }
    std::ranges::reverse(theirs);
    return theirs;
}

} // namespace

store::Outcome<std::vector<std::string>> audited_as(const store::AccountRecord& account, store::AccountStore& accounts,
                                                    audit::FileAuditLog& audit, const Canonical& canonical)
{
    std::vector<std::string> theirs;
    for (const auto& address : account.addresses) theirs.push_back(address.text());
    return with_those_of_before(std::move(theirs), accounts, audit, canonical);
}

store::Outcome<std::vector<std::string>> audited_as(const std::string& address, store::AccountStore& accounts,
                                                    audit::FileAuditLog& audit, const Canonical& canonical)
{
    std::vector<std::string> theirs{canonical(address)};
    const auto written = store::written_address(address); // from when its domain was no alias
    if (written && written->text() != theirs.front()) theirs.push_back(written->text());
    return with_those_of_before(std::move(theirs), accounts, audit, canonical);
}

} // namespace sotto::ctl
