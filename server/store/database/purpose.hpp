#pragma once
#include <array>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::store {

/// Why the store is opened (DESIGN.md 4). A connection has exactly one, as part of its type.
// clang-format off
enum class Purpose : std::uint8_t {
    provision, authenticate, record, billing, interconnect, dispute, abuse, fault, legal, audit, retention, access
};
// clang-format on
/// As it is written in schema/purposes.yaml.
std::string_view name_of(Purpose purpose);

/// One file for each duty. Its name in schema/purposes.yaml, and of its folder in schema/.
enum class Duty : std::uint8_t { accounts, ledger };
inline constexpr std::size_t duties = 2;
std::string_view name_of(Duty duty);

/// What one purpose may do in one database. Names are "table.column"; tables for `remove`.
struct Permissions {
    std::set<std::string, std::less<>> read;
    std::set<std::string, std::less<>> write;
    std::set<std::string, std::less<>> remove;
    std::set<std::string, std::less<>> add; ///< tables all of whose columns are in `write`: rows may be added
};

/// One purpose as declared: for the authorizer, and for the documents that are made from the declaration.
struct DeclaredPurpose {
    std::string name;
    std::string basis;
    std::string source;
    std::vector<std::string> roles;
    std::string retention;
    std::array<Permissions, duties> permissions;

    [[nodiscard]] const Permissions& in(Duty duty) const { return permissions[static_cast<std::size_t>(duty)]; }
};

struct DeclaredColumn {
    std::string name; ///< "table.column"
    std::string holds;
    bool personal{true};
};

/// The whole of schema/purposes.yaml. Immutable.
class Purposes {
public:
    /// Throws StoreError (undeclared) on anything that is missing, unknown or contradictory.
    explicit Purposes(std::string_view yaml);
    /// The declaration that is built into this program.
    static const Purposes& declared();

    /// Throws StoreError (undeclared) when there is no such declaration.
    [[nodiscard]] const DeclaredPurpose& of(Purpose purpose) const;
    [[nodiscard]] const std::vector<DeclaredPurpose>& all() const { return purposes_; }
    [[nodiscard]] const std::vector<DeclaredColumn>& columns(Duty duty) const
    {
        return columns_[static_cast<std::size_t>(duty)];
    }

    /// Throws StoreError (undeclared) naming the first column ("table.column") that is not declared, or that no purpose
    /// reads or writes.
    void require_all(Duty duty, const std::vector<std::string>& columns) const;

private:
    std::vector<DeclaredPurpose> purposes_;
    std::array<std::vector<DeclaredColumn>, duties> columns_;
};

} // namespace sotto::store
