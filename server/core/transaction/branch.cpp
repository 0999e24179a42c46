#include "core/transaction/branch.hpp"

#include "core/types/hashed_text.hpp"

#include <algorithm>

namespace sotto::transaction {

namespace {

using Block = std::array<std::uint8_t, 16>;

constexpr std::size_t block_length = 22; // base64url of 16 bytes
constexpr std::size_t loop_length = 11;  // of 8 bytes
constexpr std::size_t branch_length = magic_cookie.size() + block_length + 1 + loop_length;
constexpr std::size_t zeros = 6; // bytes of the block that are zero: what else deciphers to them is not ours

template <class Number> std::uint8_t* write(std::uint8_t* to, Number number)
{
    for (std::size_t i = 0; i < sizeof number; ++i) *to++ = static_cast<std::uint8_t>(number >> (8 * i));
    return to;
}
template <class Number> const std::uint8_t* read(const std::uint8_t* from, Number& number)
{
    number = 0;
    for (std::size_t i = 0; i < sizeof number; ++i) number |= static_cast<Number>(Number{*from++} << (8 * i));
    return from;
}

using LoopPart = std::array<std::uint8_t, 8>;

LoopPart loop_part(Cryptography& cryptography, const Block& sealed, const Message* request)
{
    HashedText text;
    text.add_raw(sealed);
    if (request != nullptr) {
        text.add(request->request_uri.text).add("\n");
        for (const auto& route : request->routes) text.add(route.uri.text).add("\n");
    }
    LoopPart loop;
    write(loop.data(), cryptography.keyed_hash(Cryptography::Use::loop, text.view()).low);
    return loop;
}

std::string branch_of(Cryptography& cryptography, const OwnBranch& branch, const Message* request)
{
    Block plain{};
    auto* to = write(plain.data(), branch.worker);
    to = write(to, branch.transaction.index);
    write(to, branch.transaction.generation);

    std::string text;
    text.reserve(branch_length);
    text += magic_cookie;
    const auto sealed = cryptography.encrypt_block(plain);
    text += base64url(sealed);
    text += '.';
    text += base64url(loop_part(cryptography, sealed, request));
    return text;
}

} // namespace

std::string make_branch(Cryptography& cryptography, const OwnBranch& branch, const Message& request)
{
    return branch_of(cryptography, branch, &request);
}

std::string make_branch(Cryptography& cryptography, const OwnBranch& branch)
{
    return branch_of(cryptography, branch, nullptr);
}

std::optional<OwnBranch> read_branch(Cryptography& cryptography, std::string_view text)
{
    if (text.size() != branch_length || !has_magic_cookie(text)) return std::nullopt;
    text.remove_prefix(magic_cookie.size());
    Block sealed;
    OwnBranch branch;
    if (!from_base64url(text.substr(0, block_length), sealed) || text[block_length] != '.') return std::nullopt;

    const Block plain = cryptography.decrypt_block(sealed);
    if (std::any_of(plain.end() - zeros, plain.end(), [](std::uint8_t byte) { return byte != 0; })) return std::nullopt;
    const auto* from = read(plain.data(), branch.worker);
    from = read(from, branch.transaction.index);
    read(from, branch.transaction.generation);
    return branch;
}

bool looped(Cryptography& cryptography, const Message& request)
{
    return std::ranges::any_of(request.vias, [&](const Via& via) {
        auto text = via.branch();
        if (!read_branch(cryptography, text)) return false;
        text.remove_prefix(magic_cookie.size());
        Block sealed;
        LoopPart seen;
        return from_base64url(text.substr(0, block_length), sealed) &&
               from_base64url(text.substr(block_length + 1), seen) && seen == loop_part(cryptography, sealed, &request);
    });
}

} // namespace sotto::transaction
