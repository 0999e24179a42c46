#include "element/requests.hpp"

namespace sotto::test {

std::string Sender::text(const Request& request, const std::string& extra) const
{
    const auto number = std::to_string(sent_);
    const auto from = request.from.empty() ? "<sip:" + user_ + "@example.org>" : request.from;
    const auto contact =
        request.contact.empty() ? "sip:" + user_ + "-device@192.0.2.1:5555;transport=tls" : request.contact;
    return request.method + " " + request.to + " SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bK" + user_ +
           number + "\nMax-Forwards: " + std::to_string(request.max_forwards) + "\nFrom: " + from + ";tag=tag-of-" +
           user_ + "\nTo: <" + request.to + ">\nCall-ID: call-of-" + user_ + number + "@host.invalid\nCSeq: " + number +
           " " + request.method + "\nContact: <" + contact + ">\n" + request.headers + extra +
           (request.body.empty() ? "" : "Content-Type: " + request.content_type + "\n");
}

void Sender::send_once(const Request& request)
{
    ++sent_;
    world_->send(flow, text(request, {}), request.body);
}

void Sender::send(const Request& request)
{
    send_once(request);
    const auto challenge = world_->receive(flow);
    ++sent_;
    world_->send(flow, text(request, world_->credentials(challenge, user_, request.method, request.to)), request.body);
    if (request.method == "INVITE" && !world_->quiet(flow)) {
        const auto first = world_->receive(flow);
        if (start_line(first) != "SIP/2.0 100 Trying") world_->give_back(flow, first);
    }
}

std::string response_to(const std::string& request, const std::string& status, const std::string& headers)
{
    const auto to = header(request, "To");
    return "SIP/2.0 " + status + "\nVia: " + header(request, "Via") + "\nFrom: " + header(request, "From") +
           "\nTo: " + to + (tag_in(to).empty() ? ";tag=answer" : "") + "\nCall-ID: " + header(request, "Call-ID") +
           "\nCSeq: " + header(request, "CSeq") + "\n" + headers;
}

} // namespace sotto::test
