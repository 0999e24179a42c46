#include "core/privacy/outbound.hpp"

#include "core/privacy/shape.hpp"

#include <charconv>

namespace sotto {
namespace {

void append_number(std::string& out, std::size_t number)
{
    char digits[20];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), number).ptr;
    out.append(digits, end);
}

void append_line(std::string& out, Header header, std::string_view value)
{
    out += name_of(header);
    out += ": ";
    out += value;
    out += "\r\n";
}

} // namespace

Outbound Outbound::request(Method method, std::string_view request_uri, Receiver receiver)
{
    Outbound out;
    out.is_request_ = true;
    out.method_ = method;
    out.receiver_ = receiver;
    out.text_.reserve(1024);
    out.text_ = request_uri;
    out.uri_length_ = static_cast<std::uint32_t>(request_uri.size());
    return out;
}

Outbound Outbound::response(int status, Receiver receiver)
{
    Outbound out;
    out.is_request_ = false;
    out.status_ = status;
    out.receiver_ = receiver;
    out.text_.reserve(1024);
    return out;
}

Outbound& Outbound::set(Header header, std::string_view value)
{
    lines_.push_back({header, static_cast<std::uint32_t>(text_.size()), static_cast<std::uint32_t>(value.size())});
    is_set_.set(static_cast<std::size_t>(header));
    text_ += value;
    return *this;
}

Outbound& Outbound::body(std::string_view content_type, std::string_view content)
{
    content_type_ = content_type;
    content_ = content;
    return *this;
}

void Outbound::write_own(Header header, std::string& out) const
{
    if (!is_set(header)) return;
    for (const auto& line : lines_)
        if (line.header == header) append_line(out, header, text_of(line));
}

void Outbound::write_passed(const HeaderRule& rule, std::string& out) const
{
    if (is_set(rule.header)) return write_own(rule.header, out);
    if (source_ == nullptr) return;
    if (const auto value = shaped(*source_, rule.header, rule.shape); !value.empty())
        append_line(out, rule.header, value);
}

std::string Outbound::write() const
{
    std::string out;
    out.reserve(text_.size() + content_.size() + 768);
    if (is_request_) {
        out += name_of(method_);
        out += ' ';
        out += std::string_view{text_}.substr(0, uri_length_);
        out += " SIP/2.0\r\n";
    } else {
        out += "SIP/2.0 ";
        append_number(out, static_cast<std::size_t>(status_));
        out += ' ';
        out += reason_.empty() ? reason_of(status_) : reason_;
        out += "\r\n";
    }
    for (const auto& rule : header_rules()) {
        if (rule.header == Header::content_length) {
            out += "Content-Length: ";
            append_number(out, content_.size());
            out += "\r\n";
            continue;
        }
        const bool describes_body = rule.header == Header::content_type || rule.header == Header::content_disposition ||
                                    rule.header == Header::mime_version || rule.header == Header::content_id;
        if (describes_body && content_.empty()) continue;
        if (rule.header == Header::content_type) {
            append_line(out, Header::content_type, content_type_);
            continue;
        }
        if (rule.header == Header::mime_version) { // RFC 2045 4
            if (content_type_.starts_with("multipart/")) append_line(out, Header::mime_version, "1.0");
            continue;
        }
        switch (rule.treatment(is_request_, receiver_)) {
        case Treatment::drop:
            break;
        case Treatment::pass:
            write_passed(rule, out);
            break;
        case Treatment::rebuild:
        case Treatment::seal:
        case Treatment::own:
            write_own(rule.header, out);
            break;
        }
    }
    out += "\r\n";
    out += content_;
    return out;
}

} // namespace sotto
