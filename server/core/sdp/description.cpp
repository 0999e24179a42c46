#include "core/sdp/description.hpp"

namespace sotto::sdp {

namespace {

/// Lines of any bytes from 0x20 on, and tabs: what is dropped may be in any language, what is kept has a check of its
/// own. Without a way out of the loop, so that the compiler looks at many bytes at once.
constexpr bool is_text(std::string_view text)
{
    unsigned char other = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        other |= static_cast<unsigned char>(byte < ' ' && byte != '\t' && byte != '\r' && byte != '\n');
    }
    return other == 0;
}

/// o=<username> <sess-id> <sess-version> <nettype> <addrtype> <unicast-address>; only the version is of use.
bool read_origin(std::string_view value, Description& description)
{
    take_word(value);
    take_word(value);
    const auto version = number_of<std::uint64_t>(take_word(value));
    if (!version) return false;
    description.version = *version;
    take_word(value);
    take_word(value);
    return !take_word(value).empty() && take_word(value).empty();
}

/// m=<media> <port>[/<number of ports>] <proto> <fmt> ...
bool read_media(std::string_view value, Section& section)
{
    section.media = take_word(value);
    auto ports = take_word(value);
    const auto port = number_of<std::uint16_t>(take_until(ports, '/'));
    section.profile = take_word(value);
    section.formats = value;
    if (section.media.empty() || !port || section.profile.empty() || take_word(value).empty()) return false;
    section.port = *port;
    return true;
}

bool admitted(const LineRule& rule, bool in_session, Fragment fragment)
{
    if (fragment == Fragment::yes && rule.fragment == Fragment::no) return false;
    return in_session ? rule.level != Level::media : rule.level != Level::session;
}

void read_attribute(std::string_view value, Fragment fragment, Description& description, Section& section,
                    bool in_session)
{
    const auto name = take_until(value, ':');
    const auto* const rule = attribute_rule(name);
    if (rule == nullptr || !admitted(*rule, in_session, fragment)) return;
    const bool needed =
        rule->treatment != Treatment::drop || rule->kind == Kind::crypto || rule->kind == Kind::key_mgmt;
    const auto index = index_of(*rule);
    if (!needed || (rule->count == Count::one && section.has[index])) return;
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    if (!rule->valid(value)) return;

    section.has.set(index);
    if (rule->kind == Kind::mid) section.mid = value;
    description.attributes.push_back({rule, value});
    ++section.count;
}

} // namespace

bool read_description(std::string_view text, Fragment fragment, Description& description)
{
    const bool whole = fragment == Fragment::no;
    bool version_seen = false;
    bool origin_seen = false;
    Section* section = &description.session;
    description.sections.reserve(Description::most_sections); // so that `section` stays valid
    if (!is_text(text)) return false;

    while (!text.empty()) {
        auto line = take_until(text, '\n');
        if (line.ends_with('\r')) line.remove_suffix(1);
        if (line.empty() && text.find_first_not_of("\r\n") == std::string_view::npos) break;
        if (line.size() < 2 || line[1] != '=' || line.find('\r') != line.npos) return false;
        const auto value = line.substr(2);
        const bool in_session = section == &description.session;
        if (whole && !version_seen && line != "v=0") return false;

        switch (line[0]) {
        case 'v':
            if (version_seen || !whole) return false;
            version_seen = true;
            break;
        case 'o':
            if (origin_seen || !whole || !in_session || !read_origin(value, description)) return false;
            origin_seen = true;
            break;
        case 'c':
            if (!whole) break;
            if (!section->connection && !(section->connection = read_address(value))) return false;
            break;
        case 'k':
            section->key_line = true;
            break;
        case 'm':
            if (description.sections.size() == Description::most_sections) return false;
            section = &description.sections.emplace_back();
            section->first = description.attributes.size();
            if (!read_media(value, *section)) return false;
            break;
        case 'a':
            read_attribute(value, fragment, description, *section, in_session);
            break;
        default:
            if (line[0] < 'a' || line[0] > 'z') return false;
            break;
        }
    }
    return !whole || (version_seen && origin_seen);
}

} // namespace sotto::sdp
