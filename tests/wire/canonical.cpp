#include "wire/canonical.hpp"

namespace sotto::test {
namespace {

std::string uri(const Uri& uri)
{
    std::string out;
    switch (uri.scheme) {
    case Scheme::sip:
        out = "sip:";
        break;
    case Scheme::sips:
        out = "sips:";
        break;
    case Scheme::tel:
        out = "tel:";
        break;
    case Scheme::urn:
        out = "urn:";
        break;
    case Scheme::other:
        return std::string{uri.text};
    }
    out += uri.user;
    if (!uri.host.empty()) {
        if (!uri.user.empty()) out += '@';
        out += uri.host;
    }
    if (uri.port != 0) out += ":" + std::to_string(uri.port);
    if (!uri.params.empty()) out.append(";").append(uri.params);
    if (!uri.headers.empty()) out.append("?").append(uri.headers);
    return out;
}

std::string address(const NameAddr& address)
{
    std::string out{address.display};
    if (!out.empty()) out += ' ';
    out += "<" + uri(address.uri) + ">";
    if (!address.params.empty()) out.append(";").append(address.params);
    return out;
}

class Text {
public:
    void line(Header header, std::string_view value)
    {
        text_.append(name_of(header)).append(": ").append(value).append("\r\n");
    }
    void lines(Header header, std::span<const NameAddr> addresses)
    {
        for (const auto& one : addresses) line(header, address(one));
    }
    std::string& text() { return text_; }

private:
    std::string text_;
};

} // namespace

std::string canonical(const Message& message)
{
    Text out;
    if (message.is_request)
        out.text().append(message.method_name).append(" ").append(uri(message.request_uri)).append(" SIP/2.0\r\n");
    else
        out.text().append("SIP/2.0 ").append(std::to_string(message.status)).append(" \r\n");
    for (const auto& via : message.vias) {
        std::string text{"SIP/2.0/"};
        text.append(via.transport).append(" ").append(via.host);
        if (via.port != 0) text += ":" + std::to_string(via.port);
        if (!via.params.empty()) text.append(";").append(via.params);
        out.line(Header::via, text);
    }
    out.line(Header::from, address(message.from));
    out.line(Header::to, address(message.to));
    out.line(Header::call_id, message.call_id);
    out.line(Header::cseq, std::to_string(message.cseq.number).append(" ").append(message.cseq.method_name));
    if (message.max_forwards) out.line(Header::max_forwards, std::to_string(*message.max_forwards));
    if (message.contact_star) out.line(Header::contact, "*");
    out.lines(Header::contact, message.contacts);
    out.lines(Header::route, message.routes);
    out.lines(Header::record_route, message.record_routes);
    out.lines(Header::path, message.paths);
    out.lines(Header::p_asserted_identity, message.asserted);
    out.lines(Header::p_preferred_identity, message.preferred);
    if (message.refer_to) out.line(Header::refer_to, address(*message.refer_to));
    if (message.referred_by) out.line(Header::referred_by, address(*message.referred_by));
    for (const auto& field : message.fields) out.line(field.name, field.value);
    return out.text().append("\r\n").append(message.body);
}

} // namespace sotto::test
