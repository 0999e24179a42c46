#include "crypto/process_keys.hpp"

#include "crypto/primitives.hpp"

#include <algorithm>
#include <string_view>

namespace sotto::crypto {
namespace {
constexpr std::string_view format = "sotto process keys 1\n";
constexpr std::size_t root_size = 32;
} // namespace

ProcessKeys::ProcessKeys(Secret root)
    : root_{std::move(root)}, hash_{derive(root_, "hash")}, block_{derive(root_, "block")}, memory_{
                                                                                                derive(root_, "memory")}
{
}

std::shared_ptr<const ProcessKeys> ProcessKeys::create()
{
    return std::shared_ptr<const ProcessKeys>{new ProcessKeys{Secret::random(root_size)}};
}

std::shared_ptr<const ProcessKeys> ProcessKeys::restore(std::span<const std::uint8_t> serialised)
{
    if (serialised.size() != format.size() + root_size ||
        !std::ranges::equal(serialised.first(format.size()), as_bytes(format)))
        return nullptr;
    return std::shared_ptr<const ProcessKeys>{new ProcessKeys{Secret{serialised.subspan(format.size())}}};
}

Secret ProcessKeys::serialise() const
{
    Secret out{format.size() + root_size};
    const auto rest = std::ranges::copy(as_bytes(format), out.bytes().begin()).out;
    std::ranges::copy(root_.bytes(), rest);
    return out;
}

} // namespace sotto::crypto
