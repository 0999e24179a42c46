// Any bytes as a token, as a value to seal, and as what a target leads to:
// - open(seal(x)) = x, and the same value gives the same token;
// - a token opens as no other kind, in no other role, for no other holder and under no other key;
// - a changed one does not open at all, and neither does what was never sealed.
#include "core/types/cryptography.hpp"
#include "crypto/epoch_sealer.hpp"
#include "fuzz/require.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

using namespace sotto;
using sotto::fuzz::require;

namespace {

constexpr std::array kinds{SealKind::call_id, SealKind::tag, SealKind::quote};
constexpr std::array roles{Role::caller, Role::callee};
constexpr Holder holder{{1, 2}};
constexpr std::array strangers{Holder{{1, 3}}, Holder{{2, 2}}};

/// Two epochs, so that a token's epoch may be mistaken for another one that is alive. The numbers begin with `first`
/// where that is given: a number that stands for no key would refuse a token before any key is tried.
std::shared_ptr<const crypto::KeyRing> two_epochs(std::optional<Epoch> first = {})
{
    auto ring = std::make_shared<crypto::KeyRing>(TimePoint{});
    while (first && ring->snapshot()->front().epoch != *first) ring = std::make_shared<crypto::KeyRing>(TimePoint{});
    ring->rotate(ring->next_rotation());
    require(ring->snapshot()->size() == 2, "two epochs are alive");
    return ring;
}

/// One character exchanged as the input chooses; the token itself when that is the same one.
std::string changed(std::string token, std::string_view by)
{
    token[static_cast<unsigned char>(by.front()) % token.size()] = by.back();
    return token;
}

/// What opens must be what this sealer made, so sealing it again gives the very same token.
void check_opening(Sealer& sealer, std::string_view text)
{
    if (const auto target = sealer.open_target(text, holder))
        require(sealer.seal_target(*target, holder) == text, "an opened target is ours");
    for (const auto kind : kinds)
        for (const auto role : roles)
            if (const auto opened = sealer.open(kind, text, role, holder))
                require(sealer.seal(kind, opened->epoch, role, holder, opened->salt, opened->value) == text,
                        "an opened token is ours");
}

void check_sealing(Sealer& sealer, Sealer& other_keys, SealKind kind, Role role, std::string_view value)
{
    const auto epoch = sealer.current_epoch();
    const auto salt = sealer.fresh_salt();
    const auto token = sealer.seal(kind, epoch, role, holder, salt, value);
    if (!token) return require(value.size() > Sealer::longest_tag, "what is short enough is sealed");
    require(sealer.seal(kind, epoch, role, holder, salt, value) == token, "the same value gives the same token");
    const auto opened = sealer.open(kind, *token, role, holder);
    require(opened && opened->value == value && opened->salt == salt && opened->epoch == epoch,
            "what was sealed opens");

    require(!other_keys.open(kind, *token, role, holder), "no token opens under another key");
    require(!sealer.open(kind, *token, other(role), holder), "nor in the other role");
    for (const auto& stranger : strangers)
        require(!sealer.open(kind, *token, role, stranger), "nor for another holder");
    for (const auto another : kinds)
        require(another == kind || !sealer.open(another, *token, role, holder), "nor as another kind");
    require(!sealer.open_target(*token, holder), "nor as a target");
    if (value.empty()) return;
    const auto wrong = changed(*token, value);
    require(wrong == *token || !sealer.open(kind, wrong, role, holder), "what was changed does not open");
}

void check_target(Sealer& sealer, Sealer& other_keys, Role role, std::string_view text)
{
    Target target{.epoch = sealer.current_epoch(), .role = role, .id = {}, .salt = sealer.fresh_salt()};
    std::memcpy(&target.id.value, text.data(), std::min(text.size(), sizeof target.id.value));
    const auto token = sealer.seal_target(target, holder);
    const auto opened = sealer.open_target(token, holder);
    require(opened && opened->epoch == target.epoch && opened->role == role && opened->id == target.id &&
                opened->salt == target.salt,
            "a sealed target opens");
    require(!other_keys.open_target(token, holder), "no target opens under another key");
    for (const auto& stranger : strangers) require(!sealer.open_target(token, stranger), "nor for another holder");
    for (const auto kind : kinds) require(!sealer.open(kind, token, role, holder), "nor as something else");
    if (text.empty()) return;
    const auto wrong = changed(token, text);
    require(wrong == token || !sealer.open_target(wrong, holder), "a changed target does not open");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static const auto ring = two_epochs();
    static crypto::EpochSealer sealer{ring};
    static crypto::EpochSealer other_keys{two_epochs(ring->snapshot()->front().epoch)};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check_opening(sealer, text);
    for (const auto kind : kinds)
        for (const auto role : roles) check_sealing(sealer, other_keys, kind, role, text);
    for (const auto role : roles) check_target(sealer, other_keys, role, text);
    return 0;
}
