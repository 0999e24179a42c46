#include "core/sdp/minimise.hpp"
#include "fuzz/require.hpp"

#include <cstddef>
#include <cstdint>
#include <string_view>

using namespace sotto::sdp;
using sotto::fuzz::require;

namespace {

using Minimise = SdpResult (*)(std::string_view, const SdpPolicy&);

void check(std::string_view text, const SdpPolicy& policy, Minimise minimise_text)
{
    const auto once = minimise_text(text, policy);
    if (!once.has_value()) return;

    require(!policy.relay_only || once->find(" typ host") == std::string::npos, "relay-only hides hosts");
    require(policy.permit_sdes || once->find("\na=crypto") == std::string::npos, "no readable key leaves");
    for (const char c : *once) require((c >= ' ' && c < '\x7F') || c == '\r' || c == '\n', "only text leaves");

    // What was minimised once is of the canonical form; and nothing that a policy refuses hides in what it let pass.
    const auto twice = minimise_text(*once, policy);
    require(twice.has_value(), "a second pass takes it");
    require(*twice == *once, "a second pass changes nothing");
}

} // namespace

/// Any bytes as a session description and as a trickled fragment. Their number chooses the policy, so that session
/// descriptions as they are can be seeds.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const SdpPolicy policy{.relay_only = (size & 1U) != 0,
                           .permit_sdes = (size & 2U) != 0,
                           .dtls_srtp = (size & 12U) != 4,
                           .zrtp = (size & 12U) != 8,
                           .session_id = 1};
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    check(text, policy, minimise);
    check(text, policy, minimise_sdpfrag);
    return 0;
}
