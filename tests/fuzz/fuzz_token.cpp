#include "core/types/cryptography.hpp"
#include "crypto/epoch_sealer.hpp"
#include "fuzz/require.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

using namespace sotto;
using sotto::fuzz::require;

namespace {

constexpr std::array kinds{SealKind::call_id, SealKind::tag, SealKind::quote};

/// What opens must be what this sealer made, so sealing it again gives the very same token.
void check_opening(Sealer& sealer, std::string_view text, Holder holder)
{
    if (const auto target = sealer.open_target(text, holder))
        require(sealer.seal_target(*target, holder) == text, "an opened target is ours");
    for (const auto kind : kinds)
        for (const auto role : {Role::caller, Role::callee})
            if (const auto opened = sealer.open(kind, text, role, holder))
                require(sealer.seal(kind, opened->epoch, role, holder, opened->salt, opened->value) == text,
                        "an opened token is ours");
}

/// A token with one of its characters exchanged, as the input chooses, opens no more.
void check_changing(Sealer& sealer, std::string_view text, Holder holder)
{
    const auto kind = kinds[text.size() % kinds.size()];
    auto token = sealer.seal(kind, sealer.current_epoch(), Role::caller, holder, sealer.fresh_salt(), text);
    if (!token || text.empty()) return;
    const auto opened = sealer.open(kind, *token, Role::caller, holder);
    require(opened && opened->value == text, "what was sealed opens");
    auto& changed = (*token)[static_cast<unsigned char>(text.front()) % token->size()];
    if (changed == text.back()) return;
    changed = text.back();
    require(!sealer.open(kind, *token, Role::caller, holder), "what was changed does not open");
}

} // namespace

/// Any bytes as a token, and as a value to seal.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static crypto::EpochSealer sealer{std::make_shared<crypto::KeyRing>(TimePoint{})};
    constexpr Holder holder{{1, 2}};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check_opening(sealer, text, holder);
    check_changing(sealer, text, holder);
    return 0;
}
