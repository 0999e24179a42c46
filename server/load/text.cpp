#include "load/text.hpp"

#include "core/types/ascii.hpp"

#include <array>
#include <charconv>
#include <utility>

namespace sotto::load {
namespace {

constexpr std::size_t longest_message = 65536;

std::string_view written_out(std::string_view name) // RFC 3261 7.3.3, as far as this client reads them
{
    constexpr std::array<std::pair<char, std::string_view>, 7> compact{{{'v', "Via"},
                                                                        {'f', "From"},
                                                                        {'t', "To"},
                                                                        {'i', "Call-ID"},
                                                                        {'m', "Contact"},
                                                                        {'l', "Content-Length"},
                                                                        {'c', "Content-Type"}}};
    if (name.size() != 1) return name;
    for (const auto& [letter, full] : compact)
        if (to_lower(name.front()) == letter) return full;
    return name;
}

/// Splits off the next line; false at the end or without a line end.
bool next_line(std::string_view& rest, std::string_view& line)
{
    const auto end = rest.find("\r\n");
    if (end == std::string_view::npos) return false;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 2);
    return true;
}

/// A display name in quotes may hold whatever would otherwise mean something (RFC 3261 25.1, quoted-string).
std::string_view without_display_name(std::string_view value)
{
    value = trim(value);
    if (!value.starts_with('"')) return value;
    for (std::size_t i = 1; i < value.size(); ++i) {
        if (value[i] == '\\')
            ++i;
        else if (value[i] == '"')
            return value.substr(i + 1);
    }
    return value;
}

template <class Number> bool to_number(std::string_view text, Number& out)
{
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

} // namespace

std::size_t message_length(std::string_view buffer)
{
    const auto head = buffer.find("\r\n\r\n");
    if (head == std::string_view::npos) return buffer.size() > longest_message ? malformed : 0;
    auto rest = buffer.substr(0, head + 2);
    std::string_view line;
    while (next_line(rest, line)) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        const auto name = trim(line.substr(0, colon));
        if (!iequals(written_out(name), "Content-Length")) continue;
        std::size_t body = 0;
        if (!to_number(trim(line.substr(colon + 1)), body) || body > longest_message) return malformed;
        const auto whole = head + 4 + body;
        return buffer.size() >= whole ? whole : 0;
    }
    return malformed;
}

std::optional<Message> Message::parse(std::string_view bytes)
{
    Message message;
    message.bytes_.assign(bytes.begin(), bytes.end());
    const auto all = message.bytes();
    const auto head = all.find("\r\n\r\n");
    if (head == std::string_view::npos) return std::nullopt;
    auto rest = all.substr(0, head + 2);
    message.body_ = all.substr(head + 4);

    std::string_view line;
    if (!next_line(rest, line)) return std::nullopt;
    if (line.starts_with("SIP/2.0 ")) {
        if (line.size() < 11 || !to_number(line.substr(8, 3), message.status_) || message.status_ < 100)
            return std::nullopt;
    } else {
        const auto first = line.find(' ');
        const auto last = line.rfind(' ');
        if (first == std::string_view::npos || last <= first || line.substr(last + 1) != "SIP/2.0") return std::nullopt;
        message.method_ = line.substr(0, first);
        message.request_uri_ = line.substr(first + 1, last - first - 1);
    }
    message.headers_.reserve(16);
    while (next_line(rest, line)) {
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) return std::nullopt;
        message.headers_.push_back({written_out(trim(line.substr(0, colon))), trim(line.substr(colon + 1))});
    }
    if (message.status_ != 0) {
        const auto cseq = message.first("CSeq");
        message.method_ = trim(cseq.substr(std::min(cseq.find(' '), cseq.size())));
    }
    return message;
}

std::string_view Message::first(std::string_view name) const
{
    for (const auto& header : headers_)
        if (iequals(header.name, name)) return header.value;
    return {};
}

std::vector<std::string_view> Message::values(std::string_view name) const
{
    std::vector<std::string_view> found;
    for (const auto& header : headers_) {
        if (!iequals(header.name, name)) continue;
        std::size_t start = 0;
        bool quoted = false;
        bool bracketed = false;
        for (std::size_t i = 0; i < header.value.size(); ++i) {
            const char c = header.value[i];
            if (c == '"') quoted = !quoted;
            if (quoted) continue;
            if (c == '<') bracketed = true;
            if (c == '>') bracketed = false;
            if (c != ',' || bracketed) continue;
            found.push_back(trim(header.value.substr(start, i - start)));
            start = i + 1;
        }
        found.push_back(trim(header.value.substr(start)));
    }
    return found;
}

std::string_view parameter(std::string_view value, std::string_view name)
{
    value = without_display_name(value);
    if (const auto bracket = value.find('>'); bracket != std::string_view::npos) value.remove_prefix(bracket + 1);
    for (auto semicolon = value.find(';'); semicolon != std::string_view::npos; semicolon = value.find(';')) {
        value.remove_prefix(semicolon + 1);
        const auto one = value.substr(0, value.find(';'));
        const auto equals = one.find('=');
        if (!iequals(trim(one.substr(0, equals)), name)) continue;
        if (equals == std::string_view::npos) return {};
        auto text = trim(one.substr(equals + 1));
        if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
        return text;
    }
    return {};
}

std::string_view uri_of(std::string_view value)
{
    value = without_display_name(value);
    const auto open = value.find('<');
    if (open == std::string_view::npos) return trim(value.substr(0, value.find(';')));
    return value.substr(open + 1, value.find('>', open) - open - 1);
}

std::string_view user_of(std::string_view uri)
{
    const auto colon = uri.find(':');
    const auto at = uri.find('@');
    if (colon == std::string_view::npos || at == std::string_view::npos || at < colon) return {};
    return uri.substr(colon + 1, at - colon - 1);
}

std::string_view host_port_of(std::string_view uri)
{
    const auto at = uri.find('@');
    const auto start = at != std::string_view::npos ? at + 1 : uri.find(':') + 1;
    uri.remove_prefix(start);
    return uri.substr(0, uri.find_first_of(";?>"));
}

std::optional<std::chrono::seconds> seconds_of(std::string_view retry_after)
{
    std::uint32_t number = 0;
    const auto read = std::from_chars(retry_after.data(), retry_after.data() + retry_after.size(), number);
    return read.ec == std::errc{} ? std::optional{std::chrono::seconds{number}} : std::nullopt;
}

} // namespace sotto::load
