#pragma once
#include "core/types/ids.hpp"

#include <cstdint>
#include <string>

namespace sotto {

/// For whom a message is built. What is admitted depends on it (DESIGN.md 2).
enum class Receiver : std::uint8_t { subscriber, peer, gateway, emergency };

/// Whom one leg of a dialog is with. Sealed values are made for a party and open in no other's hands (SEALING.md
/// "Role and holder").
class Party {
public:
    Party() = default; ///< nobody
    /// A subscriber: implicit, because an account is what proves one.
    Party(AccountId account) : account_{account} {} // NOLINT(google-explicit-constructor)
    /// A peer by the domain that its certificate proves; a gateway or an emergency service by the name of its route.
    Party(Receiver kind, std::string name) : kind_{kind}, name_{std::move(name)} {}

    [[nodiscard]] Receiver receiver() const { return kind_; }
    /// None for whoever is not ours.
    [[nodiscard]] AccountId account() const { return account_; }
    [[nodiscard]] const std::string& name() const { return name_; }
    [[nodiscard]] bool foreign() const { return kind_ != Receiver::subscriber; }
    explicit operator bool() const { return account_ || foreign(); }
    bool operator==(const Party&) const = default;

private:
    Receiver kind_{Receiver::subscriber};
    AccountId account_;
    std::string name_;
};

} // namespace sotto
