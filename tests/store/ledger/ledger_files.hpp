#pragma once
#include "store/ledger/ledger_operations.hpp"
#include "store/state_directory.hpp"

#include <openssl/crypto.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <set>

namespace sotto::test {

constexpr retention::Time at(std::chrono::year_month_day day, std::chrono::seconds time = {})
{
    return retention::Time{std::chrono::sys_days{day}} + time;
}

inline billing::AnsweredCall call(std::uint64_t dialog, std::uint64_t account, std::string destination = "+4930123456")
{
    return {.dialog = {dialog, dialog * 7 + 1},
            .account = {account},
            .destination = std::move(destination),
            .tariff = {.name = "national", .route = "carrier"},
            .caller = {},
            .callee = {}};
}

/// The key that an account has from now on.
inline store::Key make_key(store::KeyStore& keys, AccountId account)
{
    keys.make_subject_keys({&account, 1});
    return keys.subject_key(account).value();
}

/// A ledger in a folder of its own, that can be opened again as another process would.
class LedgerFiles {
public:
    LedgerFiles() { open(); }

    store::LedgerOperations& operator*() { return *operations_; }
    store::LedgerOperations* operator->() { return &*operations_; }

    void close() { operations_.reset(); }
    store::LedgerOperations& open()
    {
        operations_.reset();
        operations_.emplace(state.path(), master, [this](AccountId account) { return erased.contains(account); });
        return *operations_;
    }
    /// One call from its answer to its end.
    void make_call(std::uint64_t dialog, std::uint64_t account, retention::Time when, std::uint32_t seconds = 60,
                   std::string destination = "+4930123456", retention::Case kind = retention::Case::chargeable)
    {
        auto answered = call(dialog, account, std::move(destination));
        answered.tariff.kind = kind;
        const auto hash = answered.dialog;
        operations_->recorder.record({.answered = {std::move(answered)}}, when);
        operations_->recorder.record({.ended = {{hash, seconds}}}, when);
    }
    /// Every byte of the folder and what lies in it.
    [[nodiscard]] std::string bytes() const
    {
        std::string all;
        for (const auto& file : std::filesystem::recursive_directory_iterator{state.path()}) {
            if (!file.is_regular_file()) continue;
            std::ifstream stream{file.path(), std::ios::binary};
            all.append(std::istreambuf_iterator<char>{stream}, {});
        }
        return all;
    }
    [[nodiscard]] std::size_t rows() { return count<store::Purpose::billing>("SELECT count(*) FROM call"); }
    [[nodiscard]] std::size_t hold_rows() { return count<store::Purpose::legal>("SELECT count(*) FROM hold"); }

    StateDirectory state;
    crypto::Secret master{crypto::Secret::random(32)};
    std::set<AccountId> erased;

private:
    template <store::Purpose purpose> std::size_t count(std::string_view sql)
    {
        auto connection = operations_->database.open<purpose>();
        auto count = connection.prepare(sql);
        count.step();
        return static_cast<std::size_t>(count.number(0));
    }

    std::optional<store::LedgerOperations> operations_;
};

} // namespace sotto::test
