#include "core/privacy/reply.hpp"

namespace sotto {

std::string as_written(const NameAddr& address)
{
    std::string out;
    out.reserve(address.display.size() + address.uri.text.size() + address.params.size() + 4);
    if (!address.display.empty()) (out += address.display) += ' ';
    ((out += '<') += address.uri.text) += '>';
    if (!address.params.empty()) (out += ';') += address.params;
    return out;
}

Outbound reply(const Message& request, int status, std::string_view to_tag, Receiver receiver)
{
    auto out = Outbound::response(status, receiver);
    for (const auto& via : request.vias) out.set(Header::via, via.text);
    out.set(Header::from, as_written(request.from));
    auto to = as_written(request.to);
    if (request.to.tag().empty() && !to_tag.empty()) (to += ";tag=") += to_tag;
    out.set(Header::to, to);
    out.set(Header::call_id, request.call_id);
    out.set(Header::cseq, std::to_string(request.cseq.number).append(" ").append(request.cseq.method_name));
    return out;
}

} // namespace sotto
