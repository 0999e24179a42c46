#include "core/trace/ladder.hpp"

#include <charconv>
#include <functional>

namespace sotto::trace {
namespace {

/// The value of a header that we wrote: long name, one space, no folds.
std::string_view header(std::string_view bytes, std::string_view name)
{
    const auto begins = "\r\n" + std::string{name} + ": ";
    const auto at = bytes.find(begins);
    if (at == std::string_view::npos) return {};
    bytes.remove_prefix(at + begins.size());
    return bytes.substr(0, bytes.find("\r\n"));
}

std::string response_text(std::uint16_t status, Method method)
{
    return std::to_string(status) + " (" + std::string{name_of(method)} + ")";
}

} // namespace

void Ladder::received(FlowId flow, const Message& message, TimePoint now)
{
    add(flow, message.call_id, true,
        message.is_request ? std::string{name_of(message.method)} : response_text(message.status, message.method), now);
}

void Ladder::sent(FlowId flow, std::string_view bytes, TimePoint now)
{
    constexpr std::string_view version = "SIP/2.0 ";
    const auto call_id = header(bytes, "Call-ID");
    if (!bytes.starts_with(version))
        return add(flow, call_id, false, std::string{name_of(method_of(bytes.substr(0, bytes.find(' '))))}, now);
    std::uint16_t status = 0;
    std::from_chars(bytes.data() + version.size(), bytes.data() + std::min(bytes.size(), version.size() + 3), status);
    const auto cseq = header(bytes, "CSeq");
    add(flow, call_id, false, response_text(status, method_of(cseq.substr(std::min(cseq.find(' ') + 1, cseq.size())))),
        now);
}

void Ladder::add(FlowId flow, std::string_view call_id, bool to_sotto, std::string message, TimePoint now)
{
    if (full()) return;
    const auto device = devices_.try_emplace(flow, static_cast<std::uint32_t>(devices_.size() + 1)).first->second;
    const auto call =
        calls_.try_emplace(std::hash<std::string_view>{}(call_id), static_cast<std::uint32_t>(calls_.size() + 1))
            .first->second;
    rungs_.push_back({now - start_, device, call, to_sotto, std::move(message)});
}

} // namespace sotto::trace
