#include "core/privacy/dropped_headers.hpp"

#include <algorithm>

namespace sotto {
namespace {

constexpr auto headers = static_cast<std::size_t>(Header::count_);

/// Addressed to Sotto, which acts on them: they have arrived where they should.
constexpr std::array for_us{Header::authorization, Header::proxy_authorization, Header::proxy_require, Header::privacy,
                            Header::max_breadth,   Header::content_encoding,    Header::content_length};

/// Of each header: its row, or that it has none.
struct Rule {
    const HeaderRule* row{nullptr};
    bool for_us{false};
};

std::array<Rule, headers> rules_by_header()
{
    std::array<Rule, headers> out;
    for (const auto& row : header_rules()) out[static_cast<std::size_t>(row.header)].row = &row;
    for (const auto header : for_us) out[static_cast<std::size_t>(header)].for_us = true;
    return out;
}

/// A header stays behind that has no row, or one that drops it, or no meaning in such a message.
bool stays_behind(Header header, const Message& message, Receiver receiver)
{
    static const auto rules = rules_by_header();
    const auto& rule = rules[static_cast<std::size_t>(header)];
    if (rule.for_us) return false;
    const auto treatment = rule.row != nullptr ? rule.row->treatment(message.is_request, receiver) : Treatment::drop;
    return treatment == Treatment::drop || (treatment == Treatment::pass && !rule.row->meaning.in(message));
}

} // namespace

void DroppedHeaders::count(const Message& message, Receiver receiver)
{
    const auto note = [&](Header header, std::size_t fields) {
        if (fields > 0 && stays_behind(header, message, receiver)) counts_[static_cast<std::size_t>(header)] += fields;
    };
    for (const auto& field : message.fields) note(field.name, 1);
    note(Header::p_asserted_identity, message.asserted.size());
    note(Header::p_preferred_identity, message.preferred.size());
    note(Header::record_route, message.record_routes.size());
    note(Header::path, message.paths.size());
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
