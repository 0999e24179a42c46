#include "net/stack.hpp"

#include <array>
#include <cstring>

namespace sotto::net {

namespace {

/// Vector registers hold the last text that was copied or searched through them, until others need them; the dynamic
/// linker and signals write them to the stack, wherever it is then.
void wipe_vector_registers()
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx512f"))
        asm volatile("vpxorq %zmm16,%zmm16,%zmm16; vpxorq %zmm17,%zmm17,%zmm17; vpxorq %zmm18,%zmm18,%zmm18;"
                     "vpxorq %zmm19,%zmm19,%zmm19; vpxorq %zmm20,%zmm20,%zmm20; vpxorq %zmm21,%zmm21,%zmm21;"
                     "vpxorq %zmm22,%zmm22,%zmm22; vpxorq %zmm23,%zmm23,%zmm23; vpxorq %zmm24,%zmm24,%zmm24;"
                     "vpxorq %zmm25,%zmm25,%zmm25; vpxorq %zmm26,%zmm26,%zmm26; vpxorq %zmm27,%zmm27,%zmm27;"
                     "vpxorq %zmm28,%zmm28,%zmm28; vpxorq %zmm29,%zmm29,%zmm29; vpxorq %zmm30,%zmm30,%zmm30;"
                     "vpxorq %zmm31,%zmm31,%zmm31");
    if (__builtin_cpu_supports("avx"))
        asm volatile("vzeroall" ::
                         : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10",
                           "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#endif
}

} // namespace

[[gnu::noinline]] void wipe_stack()
{
    wipe_vector_registers();
    std::array<char, 65'536> below;
    ::explicit_bzero(below.data(), below.size());
}

} // namespace sotto::net
