#pragma once
#include "core/privacy/sealer.hpp"
#include "crypto/key_ring.hpp"
#include "crypto/primitives.hpp"
#include "crypto/random_pool.hpp"

#include <array>
#include <memory>

namespace sotto::crypto {

/// SEALING.md on OpenSSL: target tokens are one AES-256 block under an HMAC; other kinds are a synthetic IV (the HMAC
/// of what is sealed) and AES-256-CTR. One per worker, with keyed contexts for each epoch that it has met; not
/// thread-safe. For an epoch whose key is destroyed: no token, offsets 0 and a zero hash.
class EpochSealer final : public Sealer {
public:
    static constexpr std::size_t longest_quote = 208; ///< a Call-ID, two tags, a salt, and what holds them together

    explicit EpochSealer(std::shared_ptr<const KeyRing> ring);
    ~EpochSealer() override;

    /// Forgets keys that were destroyed. Happens with each use too; the edge calls it after each rotation, so that a
    /// worker without traffic holds no dead key either.
    void refresh();

    [[nodiscard]] Epoch current_epoch() const override;
    [[nodiscard]] bool alive(Epoch epoch) const override;
    Salt fresh_salt() override;
    std::string seal_target(const Target& target, Holder holder) override;
    std::optional<Target> open_target(std::string_view token, Holder holder) override;
    std::optional<std::string> seal(SealKind kind, Epoch epoch, Role role, Holder holder, Salt salt,
                                    std::string_view value) override;
    std::optional<Opened> open(SealKind kind, std::string_view token, Role role, Holder holder) override;
    DialogNumbers numbers(Epoch epoch, Salt salt, Role role) override;
    KeyedHash dialog_hash(Epoch epoch, Salt salt) override;

private:
    struct Keyed;
    Keyed* keyed(Epoch epoch);

    std::shared_ptr<const KeyRing> ring_;
    std::shared_ptr<const EpochKeys> keys_;
    std::uint64_t generation_{0};
    std::array<std::unique_ptr<Keyed>, 256> keyed_;
    RandomPool random_;
};

} // namespace sotto::crypto
