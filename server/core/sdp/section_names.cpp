#include "core/sdp/section_names.hpp"

#include "core/sdp/text.hpp"

namespace sotto::sdp {

void SectionNames::carry(std::string_view mid)
{
    if (!mid.empty()) carried_.insert(mid);
}

void SectionNames::put(std::string& out, std::string_view mid)
{
    const auto begin = out.size();
    put_line(out, "a=mid:", mid);
    lines_.emplace_back(begin, out.size() - begin);
}

void SectionNames::put_group(std::string& out, std::string_view value)
{
    const auto semantics = take_word(value);
    if (semantics != "BUNDLE" && semantics != "LS") return;
    std::string members;
    for (auto mid = take_word(value); !mid.empty(); mid = take_word(value))
        if (carried_.contains(mid)) members.append(" ").append(mid);
    if (members.empty()) return;
    put_line(out, "a=group:", semantics, members);
    refer();
}

void SectionNames::leave_out(std::string& out) const
{
    if (referred_) return;
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) out.erase(line->first, line->second);
}

} // namespace sotto::sdp
