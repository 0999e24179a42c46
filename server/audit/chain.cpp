#include "audit/chain.hpp"

#include <charconv>

namespace sotto::audit {
namespace {

constexpr std::string_view mac_opens = R"(,"mac":")";
constexpr std::string_view hash_opens = R"(,"hash":")";
constexpr std::size_t hex_length = 64;
constexpr std::size_t mac_part = mac_opens.size() + hex_length + 1;
constexpr std::size_t hash_part = hash_opens.size() + hex_length + 2;

/// The digits after `opens` in a part that ends with `closes`.
bool read_part(std::string_view part, std::string_view opens, std::string_view closes, Hash& out)
{
    return part.starts_with(opens) && part.ends_with(closes) && from_hex(part.substr(opens.size(), hex_length), out);
}

} // namespace

std::string to_string(const Head& head) { return std::to_string(head.sequence) + ":" + hex(head.hash); }

std::optional<Head> head_from(std::string_view text)
{
    Head head;
    const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), head.sequence);
    if (wrong != std::errc{} || end == text.data() + text.size() || *end != ':') return std::nullopt;
    if (!from_hex(text.substr(static_cast<std::size_t>(end - text.data()) + 1), head.hash)) return std::nullopt;
    return head;
}

std::string signed_text(const Head& head) { return "sotto audit checkpoint " + to_string(head); }

std::uint64_t Line::sequence() const
{
    const auto* value = members.if_contains("seq");
    return value != nullptr && value->is_int64() && value->get_int64() > 0
               ? static_cast<std::uint64_t>(value->get_int64())
               : 0;
}

std::string Line::text(std::string_view member) const
{
    const auto* value = members.if_contains(member);
    return value != nullptr && value->is_string() ? std::string{value->get_string()} : std::string{};
}

std::optional<Line> take_apart(std::string_view text)
{
    if (text.size() < mac_part + hash_part) return std::nullopt;
    Line line;
    line.hashed = text.substr(0, text.size() - hash_part);
    line.body = line.hashed.substr(0, line.hashed.size() - mac_part);
    if (!read_part(line.hashed.substr(line.body.size()), mac_opens, "\"", line.mac)) return std::nullopt;
    if (!read_part(text.substr(line.hashed.size()), hash_opens, "\"}", line.hash)) return std::nullopt;
    json::error_code wrong;
    const auto value = json::parse(text, wrong);
    if (wrong || !value.is_object()) return std::nullopt;
    line.members = value.get_object();
    return line;
}

Chained chained(const json::object& entry, const Hash& previous, const EvolvingMac& mac)
{
    auto line = json::serialize(entry);
    line.pop_back(); // the closing brace
    const auto authenticator = mac.of(previous, line);
    line.append(mac_opens).append(hex(authenticator)).append("\"");
    const auto hash = sha256(previous, crypto::as_bytes(line));
    line.append(hash_opens).append(hex(hash)).append("\"}\n");
    return {std::move(line), hash};
}

Hash hash_of(const Line& line, const Hash& previous) { return sha256(previous, crypto::as_bytes(line.hashed)); }

} // namespace sotto::audit
