#include "wire/ordinary.hpp"

#include "wire/characters.hpp"
#include "wire/packaged_grammar.hpp"

namespace sotto::wire {
namespace {

/// What of a text is still to be read. Pointers, not indices: every byte of every address passes here.
class Cursor {
public:
    explicit Cursor(std::string_view text) : at_{text.data()}, end_{text.data() + text.size()} {}

    [[nodiscard]] bool done() const { return at_ == end_; }
    [[nodiscard]] const char* at() const { return at_; }
    void go_back(const char* to) { at_ = to; }

    bool take(char c)
    {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }
    bool take(std::string_view word)
    {
        if (!std::string_view{at_, end_}.starts_with(word)) return false;
        at_ += word.size();
        return true;
    }
    /// As many bytes of that class as there are.
    std::string_view run(In in)
    {
        const auto* const from = at_;
        while (at_ != end_ && is(in, *at_)) ++at_;
        return {from, at_};
    }
    /// A string in double quotes; empty when there is none, or one with escapes.
    std::string_view quoted()
    {
        const auto* const from = at_;
        if (!take('"')) return {};
        while (at_ != end_ && *at_ != '"' && *at_ != '\\') ++at_;
        return take('"') ? std::string_view{from, at_} : std::string_view{};
    }
    [[nodiscard]] std::string_view since(const char* from) const { return {from, at_}; }

private:
    const char* at_;
    const char* end_;
};

bool read_host(Cursor& cursor, std::string_view& host)
{
    const auto* const from = cursor.at();
    if (cursor.take('[')) {
        if (cursor.run(In::address).size() < 3 || !cursor.take(']')) return false;
    } else if (cursor.run(In::host).empty()) {
        return false;
    }
    host = cursor.since(from);
    return true;
}

// Nothing there is fine; 0 stays what it is without one.
bool read_port(Cursor& cursor, std::uint16_t& port)
{
    if (!cursor.take(':')) return true;
    const auto digits = cursor.run(In::digit);
    if (digits.empty()) return false;
    port = static_cast<std::uint16_t>(number_up_to(65'536, digits)); // 0: too large, and no port either
    return port != 0;
}

// Header parameters up to the end of the text.
bool read_params(Cursor& cursor, std::string_view& params)
{
    const auto* const from = cursor.at();
    while (cursor.take(';')) {
        if (cursor.run(In::token).empty()) return false;
        if (cursor.take('=') && cursor.run(In::token).empty() && cursor.quoted().empty()) return false;
    }
    if (from != cursor.at()) params = cursor.since(from + 1);
    return cursor.done();
}

bool read(Cursor& cursor, Uri& uri)
{
    const auto* const start = cursor.at();
    uri.scheme = cursor.take("sips:") ? Scheme::sips : Scheme::sip;
    if (uri.scheme == Scheme::sip && !cursor.take("sip:")) return false;

    const auto* const behind_scheme = cursor.at();
    if (const auto user = cursor.run(In::user); !user.empty() && cursor.take('@'))
        uri.user = user;
    else
        cursor.go_back(behind_scheme);
    if (!read_host(cursor, uri.host) || !read_port(cursor, uri.port)) return false;

    const auto* const params = cursor.at();
    while (cursor.take(';')) {
        if (cursor.run(In::uri_param).empty()) return false;
        if (cursor.take('=') && cursor.run(In::uri_param).empty()) return false;
    }
    if (params != cursor.at()) uri.params = cursor.since(params + 1);
    uri.text = cursor.since(start);
    return uri.text.size() <= PackagedGrammar::longest_uri;
}

bool read(Cursor& cursor, NameAddr& address)
{
    const auto* const start = cursor.at();
    if (cursor.quoted().empty())
        cursor.run(In::token_or_blank);
    else
        cursor.run(In::blank);
    address.display = trim(cursor.since(start));
    return cursor.take('<') && read(cursor, address.uri) && cursor.take('>') && read_params(cursor, address.params);
}

bool read(Cursor& cursor, Via& via)
{
    const auto* const start = cursor.at();
    if (!cursor.take("SIP/2.0/")) return false;
    via.transport = cursor.run(In::token);
    if (via.transport.empty() || !cursor.take(' ')) return false;
    if (!read_host(cursor, via.host) || !read_port(cursor, via.port) || !read_params(cursor, via.params)) return false;
    via.text = cursor.since(start);
    return true;
}

template <class Element> std::optional<Element> whole(std::string_view text, std::size_t longest)
{
    std::optional<Element> element{std::in_place};
    Cursor cursor{text};
    if (text.size() > longest || !read(cursor, *element) || !cursor.done()) element.reset();
    return element;
}

} // namespace

std::optional<Uri> ordinary_uri(std::string_view text) { return whole<Uri>(text, PackagedGrammar::longest_uri); }

std::optional<NameAddr> ordinary_name_addr(std::string_view text)
{
    return whole<NameAddr>(text, PackagedGrammar::longest);
}

std::optional<Via> ordinary_via(std::string_view text) { return whole<Via>(text, PackagedGrammar::longest); }

} // namespace sotto::wire
