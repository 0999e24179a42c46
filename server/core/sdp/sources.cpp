#include "core/sdp/sources.hpp"

namespace sotto::sdp {

namespace {

constexpr std::size_t most_sources = 32; ///< three layers, each with repair, for some cameras

/// The number of the line that names the CNAME; other lines about the same source say nothing that leaves.
std::optional<std::uint32_t> named_source(std::string_view value)
{
    const auto number = number_of<std::uint32_t>(take_word(value));
    return take_word(value).starts_with("cname:") ? number : std::nullopt;
}

} // namespace

bool Sources::admit(std::string_view value)
{
    const auto number = named_source(value);
    if (!number || sources_.size() == most_sources) return false;
    if (std::ranges::find(sources_, *number, &Source::number) != sources_.end()) return false;
    sources_.push_back({*number});
    return true;
}

void Sources::put_group(std::string& out, std::string_view value)
{
    const auto semantics = position_in(ssrc_groups, take_word(value));
    if (semantics == ssrc_groups.size()) return;
    std::string members;
    auto known = sources_;
    for (auto word = take_word(value); !word.empty(); word = take_word(value)) {
        const auto number = number_of<std::uint32_t>(word);
        const auto source = number ? std::ranges::find(known, *number, &Source::number) : known.end();
        if (source == known.end() || source->grouped.test(semantics)) return;
        source->grouped.set(semantics);
        members += ' ';
        append(members, *number);
    }
    if (members.empty()) return;
    sources_ = std::move(known);
    put_line(out, "a=ssrc-group:", ssrc_groups[semantics], members);
}

void Sources::put(std::string& out, std::string_view value)
{
    if (const auto number = named_source(value)) put_line(out, "a=ssrc:", *number, " cname:-");
}

} // namespace sotto::sdp
