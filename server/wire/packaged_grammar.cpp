#include "wire/packaged_grammar.hpp"

#include "wire/characters.hpp"

#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_protos.h>
#include <sofia-sip/su_alloc.h>
#include <sofia-sip/url.h>

#include <cstring>

namespace sotto::wire {
namespace {

constexpr auto none = std::string_view::npos;

bool escapes_are_whole(std::string_view text)
{
    const auto hex = [](char c) { return is_digit(c) || (to_lower(c) >= 'a' && to_lower(c) <= 'f'); };
    for (auto at = text.find('%'); at != none; at = text.find('%', at + 1))
        if (at + 2 >= text.size() || !hex(text[at + 1]) || !hex(text[at + 2])) return false;
    return true;
}

bool is_host(std::string_view host)
{
    if (host.empty()) return false;
    if (host.front() != '[') return all(In::host, host);
    return host.size() > 4 && host.back() == ']' && all(In::address, host.substr(1, host.size() - 2));
}

std::optional<std::uint16_t> port_of(std::string_view digits)
{
    if (!all_digits(digits)) return std::nullopt;
    const auto port = number_up_to(65'536, digits);
    if (port == 0 || port == 65'536) return std::nullopt;
    return static_cast<std::uint16_t>(port);
}

Scheme scheme_of(std::string_view name)
{
    if (iequals(name, "sip")) return Scheme::sip;
    if (iequals(name, "sips")) return Scheme::sips;
    if (iequals(name, "tel")) return Scheme::tel;
    if (iequals(name, "urn")) return Scheme::urn;
    return Scheme::other;
}

bool is_scheme(std::string_view name)
{
    if (name.empty() || !((name.front() >= 'a' && name.front() <= 'z') || (name.front() >= 'A' && name.front() <= 'Z')))
        return false;
    for (const char c : name)
        if (!detail::alphanumeric(c) && c != '+' && c != '-' && c != '.') return false;
    return true;
}

// ";params" and "?headers" behind the host.
bool read_tail(std::string_view tail, Uri& uri)
{
    if (tail.empty()) return true;
    const auto question = tail.find('?');
    if (question != none) {
        uri.headers = tail.substr(question + 1);
        tail = tail.substr(0, question);
        if (uri.headers.empty()) return false;
    }
    if (tail.empty()) return true;
    if (tail.front() != ';') return false;
    uri.params = tail.substr(1);
    return well_formed_params(uri.params);
}

// The packaged parser says where user and host start in its copy; the text between is taken as it was written, since
// its own strings have had escapes undone.
bool divide(std::string_view text, const url_t& url, const char* copy, Uri& uri)
{
    if (url.url_host == nullptr || url.url_fragment != nullptr) return false;
    const auto host = static_cast<std::size_t>(url.url_host - copy);
    if (host >= text.size()) return false;
    uri.host = text.substr(host, std::strlen(url.url_host));
    if (!is_host(uri.host)) return false;

    if (url.url_user != nullptr) {
        const auto user = static_cast<std::size_t>(url.url_user - copy);
        if (host == 0 || user >= host || text[host - 1] != '@') return false;
        uri.user = text.substr(user, host - 1 - user);
        if (url.url_password != nullptr) uri.user = uri.user.substr(0, uri.user.find(':'));
        if (uri.user.empty()) return false;
    }

    auto tail = text.substr(host + uri.host.size());
    if (!tail.empty() && tail.front() == ':') {
        const auto end = std::min(find_either(tail, ';', '?'), tail.size());
        const auto port = port_of(tail.substr(1, end - 1));
        if (!port) return false;
        uri.port = *port;
        tail.remove_prefix(end);
    }
    return read_tail(tail, uri);
}

// What the packaged parser made of `copy`, a copy of `text`, held against our own rules.
std::optional<Uri> read_uri(std::string_view text, const url_t& url, const char* copy)
{
    if (!all(In::uri, text) || text.size() > PackagedGrammar::longest_uri || !escapes_are_whole(text))
        return std::nullopt;
    const auto colon = text.find(':');
    if (colon == none || !is_scheme(text.substr(0, colon))) return std::nullopt;

    Uri uri{.scheme = scheme_of(text.substr(0, colon)), .text = text};
    const auto rest = text.substr(colon + 1);
    if (rest.empty()) return std::nullopt;
    switch (uri.scheme) {
    case Scheme::other:
        return uri;
    case Scheme::tel:
    case Scheme::urn: {
        const auto end = std::min(find_either(rest, ';', '?'), rest.size());
        uri.user = rest.substr(0, end);
        if (uri.user.empty() || !read_tail(rest.substr(end), uri)) return std::nullopt;
        if (uri.scheme == Scheme::tel && !all(In::number, uri.user)) return std::nullopt;
        return uri;
    }
    case Scheme::sip:
    case Scheme::sips:
        break;
    }
    if (!divide(text, url, copy, uri)) return std::nullopt;
    return uri;
}

struct Pieces {
    std::string_view display;
    std::string_view address;
    std::string_view rest; ///< from the first ';' of the header parameters
};

std::size_t end_of_quoted(std::string_view text)
{
    for (std::size_t i = 1; i < text.size(); ++i) {
        if (text[i] == '\\')
            ++i;
        else if (text[i] == '"')
            return i + 1;
    }
    return none;
}

// A quoted string, or tokens with spaces between.
bool is_display_name(std::string_view display)
{
    if (!display.empty() && display.front() == '"') return end_of_quoted(display) == display.size();
    for (const char c : display)
        if (!is(In::token, c) && c != ' ' && c != '\t') return false;
    return true;
}

std::optional<Pieces> take_apart(std::string_view text)
{
    std::size_t after_display = 0;
    if (text.front() == '"') {
        after_display = end_of_quoted(text);
        if (after_display == none) return std::nullopt;
    }
    const auto open = find_either(text, '<', ';', after_display);
    if (open != none && text[open] == '<') {
        const auto close = text.find('>', open);
        if (close == none) return std::nullopt;
        return Pieces{trim(text.substr(0, open)), text.substr(open + 1, close - open - 1),
                      trim(text.substr(close + 1))};
    }
    // addr-spec: the header parameters start at the first semicolon (RFC 3261 20.10)
    const auto end = std::min(open, text.size());
    return Pieces{{}, trim(text.substr(0, end)), text.substr(end)};
}

} // namespace

bool well_formed_params(std::string_view params)
{
    const auto named = [](std::string_view one) { return !trim(one.substr(0, one.find('='))).empty(); };
    std::size_t from = 0;
    if (params.find('"') == none) { // as most are: from semicolon to semicolon
        for (auto end = params.find(';'); end != none; end = params.find(';', from)) {
            if (!named(params.substr(from, end - from))) return false;
            from = end + 1;
        }
        return named(params.substr(from));
    }
    bool quoted = false;
    for (std::size_t i = 0; i <= params.size(); ++i) {
        if (i < params.size()) {
            const char c = params[i];
            if (quoted && c == '\\') {
                ++i;
                continue;
            }
            if (c == '"') quoted = !quoted;
            if (quoted || c != ';') continue;
        }
        if (quoted) return false;
        if (!named(params.substr(from, i - from))) return false;
        from = i + 1;
    }
    return true;
}

PackagedGrammar::PackagedGrammar() : home_{su_home_auto(arena_.data(), static_cast<isize_t>(arena_.size()))} {}

PackagedGrammar::~PackagedGrammar()
{
    su_home_deinit(static_cast<su_home_t*>(home_));
    explicit_bzero(arena_.data(), arena_.size());
    explicit_bzero(scratch_.data(), used_);
}

char* PackagedGrammar::copy(std::string_view text)
{
    std::memcpy(scratch_.data(), text.data(), text.size());
    scratch_[text.size()] = '\0';
    used_ = std::max(used_, text.size() + 1);
    return scratch_.data();
}

std::optional<Uri> PackagedGrammar::uri(std::string_view text)
{
    if (text.empty() || text.size() > longest_uri) return std::nullopt;
    char* const own = copy(text);
    url_t url[1] = {};
    if (url_d(url, own) < 0) return std::nullopt;
    return read_uri(text, *url, own);
}

std::optional<NameAddr> PackagedGrammar::name_addr(std::string_view text)
{
    if (text.empty() || text.size() > longest) return std::nullopt;
    const auto pieces = take_apart(text);
    if (!pieces) return std::nullopt;
    if (!is_display_name(pieces->display)) return std::nullopt;
    NameAddr address{.display = pieces->display};
    if (!pieces->rest.empty()) {
        if (pieces->rest.front() != ';') return std::nullopt;
        address.params = trim(pieces->rest.substr(1));
        if (!well_formed_params(address.params)) return std::nullopt;
    }

    char* const own = copy(text);
    char* at = own;
    const char* display = nullptr;
    url_t url[1] = {};
    const msg_param_t* params = nullptr;
    const char* comment = nullptr;
    if (sip_name_addr_d(static_cast<su_home_t*>(home_), &at, &display, url, &params, &comment) < 0 || *at != '\0')
        return std::nullopt;

    const auto found = read_uri(pieces->address, *url, own + (pieces->address.data() - text.data()));
    if (!found) return std::nullopt;
    address.uri = *found;
    // Without <> the question mark and what follows would be ours to guess (RFC 3261 20.10).
    const bool enclosed = pieces->address.data() != text.data();
    if (!enclosed && !address.uri.headers.empty()) return std::nullopt;
    return address;
}

std::optional<Via> PackagedGrammar::via(std::string_view text)
{
    if (text.empty() || text.size() > longest) return std::nullopt;
    const char* const start = copy(text);
    sip_via_t parsed[1] = {SIP_VIA_INIT()};
    if (sip_via_d(static_cast<su_home_t*>(home_), reinterpret_cast<msg_header_t*>(parsed), scratch_.data(),
                  static_cast<isize_t>(text.size())) < 0)
        return std::nullopt;
    if (parsed->v_next != nullptr || parsed->v_comment != nullptr || parsed->v_host == nullptr) return std::nullopt;

    Via via{.text = text};
    const auto host = static_cast<std::size_t>(parsed->v_host - start);
    if (host >= text.size()) return std::nullopt;
    via.host = text.substr(host, std::strlen(parsed->v_host));
    if (!is_host(via.host)) return std::nullopt;
    if (parsed->v_port != nullptr) {
        const auto port = port_of(parsed->v_port);
        if (!port) return std::nullopt;
        via.port = *port;
    }
    // "SIP / 2.0 / TLS host": the transport is the last word before the host.
    const auto protocol = text.substr(0, host);
    const auto slash = protocol.rfind('/');
    if (slash == none) return std::nullopt;
    via.transport = trim(protocol.substr(slash + 1));
    if (!all(In::token, via.transport)) return std::nullopt;

    const auto semicolon = text.find(';', host);
    if (semicolon != none) {
        via.params = trim(text.substr(semicolon + 1));
        if (!well_formed_params(via.params)) return std::nullopt;
    }
    return via;
}

} // namespace sotto::wire
