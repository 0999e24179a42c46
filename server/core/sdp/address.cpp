#include "core/sdp/address.hpp"

#include "core/types/ascii.hpp"

#include <arpa/inet.h>

namespace sotto::sdp {
namespace {

/// The text of an address in its one spelling; nothing when the family's own function cannot read it.
std::optional<Address> canonical(std::string text, Family family)
{
    const int domain = family == Family::ip6 ? AF_INET6 : AF_INET;
    std::array<unsigned char, sizeof(in6_addr)> bytes{};
    if (inet_pton(domain, text.c_str(), bytes.data()) != 1) return std::nullopt;
    if (family == Family::ip4) return Address{std::move(text), family}; // no zero in front is read: it was the one
    std::array<char, INET6_ADDRSTRLEN> written{};
    if (inet_ntop(domain, bytes.data(), written.data(), written.size()) == nullptr) return std::nullopt;
    return Address{written.data(), family};
}

bool is_drawn_name(std::string_view text)
{
    constexpr std::string_view form = "hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh.local";
    constexpr auto uuid_size = form.size() - std::string_view{".local"}.size();
    if (text.size() != form.size() || !iequals(text.substr(uuid_size), form.substr(uuid_size))) return false;
    for (std::size_t i = 0; i < uuid_size; ++i)
        if (form[i] == 'h' ? !is_hex(text[i]) : text[i] != '-') return false;
    return true;
}

} // namespace

std::optional<Address> read_literal(std::string_view text)
{
    if (text.empty() || text.size() >= INET6_ADDRSTRLEN) return std::nullopt;
    return canonical(std::string{text}, text.find(':') == std::string_view::npos ? Family::ip4 : Family::ip6);
}

std::optional<Address> read_candidate_address(std::string_view text)
{
    if (is_drawn_name(text)) return Address{lower(text), Family::ip4};
    return read_literal(text);
}

std::optional<Address> read_address(std::string_view text)
{
    if (take_word(text) != "IN") return std::nullopt;
    const auto type = take_word(text);
    auto address = read_literal(take_word(text));
    if (!address || !take_word(text).empty() || type != address->network().substr(3, 3)) return std::nullopt;
    return address;
}

} // namespace sotto::sdp
