#pragma once
#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace sotto {

/// A number that means one thing. Two kinds neither compare nor convert.
template <class Tag> struct StrongNumber {
    std::uint64_t value{};
    auto operator<=>(const StrongNumber&) const = default;
    explicit operator bool() const { return value != 0; }
};

/// One account in the store; stable for the account's life, never on the wire. 0: none.
using AccountId = StrongNumber<struct AccountTag>;

/// A binding's opaque id: a keyed hash of account and device, the same after a restart (SEALING.md). 0: none.
using BindingId = StrongNumber<struct BindingTag>;

/// One TLS connection (RFC 5626 "flow"). Process-unique, never on the wire. The owning worker is part of it. 0: none.
struct FlowId {
    std::uint64_t value{};
    auto operator<=>(const FlowId&) const = default;
    explicit operator bool() const { return value != 0; }
    [[nodiscard]] constexpr std::uint16_t worker() const { return static_cast<std::uint16_t>(value >> 48U); }
    static constexpr FlowId of(std::uint16_t worker, std::uint64_t serial)
    {
        return {(std::uint64_t{worker} << 48U) | (serial & 0xFFFF'FFFF'FFFFULL)};
    }
};

/// A keyed 128-bit hash. What it was made from cannot be told without the key.
struct KeyedHash {
    std::uint64_t high{};
    std::uint64_t low{};
    auto operator<=>(const KeyedHash&) const = default;
};

/// An address-of-record as the location service knows it: hash of the account (RFC 3261 10.3 step 5).
struct AorKey {
    KeyedHash hash;
    auto operator<=>(const AorKey&) const = default;
};

/// Who may use a sealed identifier: a keyed hash of an account or of a peer's certificate domain (SEALING.md).
struct Holder {
    KeyedHash hash;
    auto operator<=>(const Holder&) const = default;
};

/// Drawn at random for each target of each dialog-forming request; makes two dialogs unrelated (SEALING.md).
struct Salt {
    std::array<std::uint8_t, 8> bytes{};
    auto operator<=>(const Salt&) const = default;
};

} // namespace sotto

template <class Tag> struct std::hash<sotto::StrongNumber<Tag>> {
    std::size_t operator()(const sotto::StrongNumber<Tag>& id) const noexcept { return id.value; }
};
template <> struct std::hash<sotto::FlowId> {
    std::size_t operator()(const sotto::FlowId& id) const noexcept { return id.value; }
};
template <> struct std::hash<sotto::KeyedHash> {
    std::size_t operator()(const sotto::KeyedHash& h) const noexcept { return h.low; }
};
template <> struct std::hash<sotto::AorKey> {
    std::size_t operator()(const sotto::AorKey& k) const noexcept { return k.hash.low; }
};
