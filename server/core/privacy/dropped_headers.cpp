#include "core/privacy/dropped_headers.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr auto headers = static_cast<std::size_t>(Header::count_);

/// Addressed to Sotto, which acts on them: they have arrived where they should.
constexpr std::array for_us{Header::authorization, Header::proxy_authorization, Header::proxy_require, Header::privacy,
                            Header::max_breadth,   Header::content_encoding,    Header::content_length};

/// By kind of message and receiver: which headers have no row, or one that drops them.
using Staying = std::array<std::array<std::array<bool, headers>, 4>, 2>;

Staying staying_behind()
{
    Staying out;
    for (auto& kind : out)
        for (auto& receiver : kind) receiver.fill(true);
    for (const auto& rule : header_rules())
        for (std::size_t receiver = 0; receiver < 4; ++receiver) {
            const auto header = static_cast<std::size_t>(rule.header);
            out[0][receiver][header] = rule.response[receiver] == Treatment::drop;
            out[1][receiver][header] = rule.request[receiver] == Treatment::drop;
        }
    for (auto& kind : out)
        for (auto& receiver : kind)
            for (const auto header : for_us) receiver[static_cast<std::size_t>(header)] = false;
    return out;
}

} // namespace

void DroppedHeaders::note(Header header, std::size_t fields, bool is_request, Receiver receiver)
{
    static const Staying staying = staying_behind();
    const auto index = static_cast<std::size_t>(header);
    if (staying[is_request ? 1 : 0][static_cast<std::size_t>(receiver)][index]) counts_[index] += fields;
}

void DroppedHeaders::count(const Message& message, Receiver receiver)
{
    for (const auto& field : message.fields) note(field.name, 1, message.is_request, receiver);
    note(Header::p_asserted_identity, message.asserted.size(), message.is_request, receiver);
    note(Header::p_preferred_identity, message.preferred.size(), message.is_request, receiver);
    note(Header::record_route, message.record_routes.size(), message.is_request, receiver);
    note(Header::path, message.paths.size(), message.is_request, receiver);
    for (const auto index : message.unread) ++counts_[read + index];
}

void DroppedHeaders::add(const DroppedHeaders& more)
{
    std::ranges::transform(counts_, more.counts_, counts_.begin(), std::plus{});
}

std::string_view DroppedHeaders::name_at(std::size_t index)
{
    if (index < read) return name_of(static_cast<Header>(index));
    return index - read < unread_names.size() ? unread_names[index - read] : std::string_view{"other"};
}

} // namespace sotto
