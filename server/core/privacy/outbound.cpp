#include "core/privacy/outbound.hpp"

#include "core/privacy/shape.hpp"

#include <bit>
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

Outbound& Outbound::set(Header header, std::span<const std::string_view> parts)
{
    const auto begin = text_.size();
    (text_ += name_of(header)) += ": ";
    for (const auto part : parts) text_ += part;
    text_ += "\r\n";
    lines_.push_back({header, static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(text_.size() - begin)});
    set_ |= row_of(header);
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
    for (const auto& line : lines_)
        if (line.header == header) out += text_of(line);
}

void Outbound::write_passed(const HeaderRule& rule, std::string& out) const
{
    if (!rule.meaning.in(*source_)) return;
    if (const auto value = shaped(*source_, rule.header, rule.shape); !value.empty())
        append_line(out, rule.header, value);
}

/// By which something may have to be written: the other ones are not even looked at.
RowSet Outbound::rows() const
{
    const auto& leaving = leaving_rows(is_request_, receiver_);
    auto rows = set_ & (leaving.passed | leaving.ours);
    if (source_ != nullptr)
        for (const auto& field : source_->fields) rows |= row_of(field.name) & leaving.passed;
    const auto type = row_of(Header::content_type);
    const auto version = row_of(Header::mime_version);
    rows &= ~(type | version);
    if (content_.empty()) // nor what else describes it
        rows &= ~(row_of(Header::content_disposition) | row_of(Header::content_id));
    else
        rows |= type | (content_type_.starts_with("multipart/") ? version : 0); // RFC 2045 4
    return rows | row_of(Header::content_length);
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
    const auto rules = header_rules();
    for (auto left = rows(); left != 0; left &= left - 1) {
        const auto& rule = rules[static_cast<std::size_t>(std::countr_zero(left))];
        switch (rule.header) {
        case Header::content_length:
            out += "Content-Length: ";
            append_number(out, content_.size());
            out += "\r\n";
            break;
        case Header::content_type:
            append_line(out, Header::content_type, content_type_);
            break;
        case Header::mime_version:
            append_line(out, Header::mime_version, "1.0");
            break;
        default:
            if ((set_ & row_of(rule.header)) != 0)
                write_own(rule.header, out);
            else
                write_passed(rule, out);
        }
    }
    out += "\r\n";
    out += content_;
    return out;
}

} // namespace sotto
