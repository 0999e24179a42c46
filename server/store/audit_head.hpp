#pragma once
#include "store/database/database.hpp"

#include <array>
#include <cstdint>
#include <filesystem>

namespace sotto::store {

/// The last entry of the audit log as accounts.db knows it (purpose `audit`). One thread at a time. Errors: StoreError.
class AuditHead {
public:
    struct Entry {
        std::uint64_t sequence{0}; ///< 0: none was noted
        std::array<std::uint8_t, 32> hash{};
    };

    /// Opens accounts.db in that folder.
    explicit AuditHead(const std::filesystem::path& state_directory);

    Entry read();
    /// Durable when it returns.
    void write(const Entry& entry);

private:
    Database database_;
    Connection<Purpose::audit> connection_;
    Statement read_, write_;
};

} // namespace sotto::store
