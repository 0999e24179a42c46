#include "load/phone.hpp"

#include "core/types/ascii.hpp"
#include "load/session_description.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace sotto::load {
namespace {

constexpr std::string_view branch_cookie = "z9hG4bK";

std::string branch_text(std::uint64_t branch)
{
    std::array<char, 16> digits;
    const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), branch, 16);
    return std::string{branch_cookie}.append(digits.data(), end);
}

std::uint64_t branch_number(std::string_view via)
{
    auto text = parameter(via, "branch");
    if (!text.starts_with(branch_cookie)) return 0;
    text.remove_prefix(branch_cookie.size());
    std::uint64_t branch = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), branch, 16);
    return error == std::errc{} && end == text.data() + text.size() ? branch : 0;
}

} // namespace

void Connecting::await_suspend(std::coroutine_handle<> waiting)
{
    phone.connecting_ = waiting;
    phone.connect_failure_.clear();
    phone.connection_.open(phone.source_);
    if (!phone.connecting_) return;
    const auto mine = ++phone.attempt_;
    phone.bench_.loop.at(Clock::now() + phone.bench_.options.timeout, [&p = phone, mine] {
        if (!p.connecting_ || p.attempt_ != mine) return;
        p.connection_.close();
        p.on_closed("handshake timed out");
    });
}

void Exchange::await_suspend(std::coroutine_handle<> waiting)
{
    pending.waiting = waiting;
    if (!phone.connected()) {
        pending.reply.failure = "not connected";
        return phone.bench_.loop.post(waiting);
    }
    phone.pending_.push_back(&pending);
    const auto branch = pending.request.branch;
    phone.bench_.loop.at(Clock::now() + phone.bench_.options.timeout,
                         [&p = phone, branch] { p.finish(branch, std::nullopt, "no final answer in time"); });
    phone.connection_.send(pending.request.text);
}

void Pinging::await_suspend(std::coroutine_handle<> waiting)
{
    phone.pinging_ = waiting;
    phone.ponged_ = false;
    const auto mine = ++phone.ping_;
    phone.bench_.loop.at(Clock::now() + phone.bench_.options.timeout, [&p = phone, mine] {
        if (p.ping_ == mine && p.pinging_) p.bench_.loop.post(std::exchange(p.pinging_, nullptr));
    });
    phone.connection_.send("\r\n\r\n");
}

void Phone::disconnect()
{
    connection_.close();
    leaving_ = true;
    on_closed("hung up");
    leaving_ = false;
}

void Phone::on_open()
{
    if (lost) hosts_.insert(connection_.local());
    leaving_ = false;
    if (connecting_) bench_.loop.post(std::exchange(connecting_, nullptr));
}

void Phone::on_closed(std::string_view why)
{
    for (auto* waiting : std::exchange(pending_, {})) {
        waiting->reply.failure = why;
        bench_.loop.post(waiting->waiting);
    }
    if (pinging_) bench_.loop.post(std::exchange(pinging_, nullptr));
    if (!connecting_) {
        const bool was_registered = std::exchange(registered, false);
        if (leaving_) return;
        if (!lost) return bench_.error("connection: lost while registered");
        if (was_registered) lost(); // else it is on its way back already
        return;
    }
    connect_failure_ = why;
    bench_.loop.post(std::exchange(connecting_, nullptr));
}

void Phone::on_keep_alive()
{
    ponged_ = true;
    if (pinging_) bench_.loop.post(std::exchange(pinging_, nullptr));
}

void Phone::on_message(std::string_view bytes)
{
    auto message = Message::parse(bytes);
    if (!message) return bench_.error("received: malformed message");
    if (bench_.options.floor) {
        const auto branch = branch_number(message->first("Via"));
        return finish(branch, std::move(message), {});
    }
    if (message->is_request())
        on_request(*message);
    else
        on_response(std::move(*message));
}

Phone::Pending* Phone::pending(std::uint64_t branch)
{
    const auto found = std::ranges::find_if(pending_, [&](const Pending* p) { return p->request.branch == branch; });
    return found == pending_.end() ? nullptr : *found;
}

void Phone::finish(std::uint64_t branch, std::optional<Message> answer, std::string_view failure)
{
    auto* done = pending(branch);
    if (done == nullptr) return;
    std::erase(pending_, done);
    done->reply.answer = std::move(answer);
    done->reply.failure = failure;
    bench_.loop.post(done->waiting);
}

/// RFC 3261 8.1.3 and 8.2.6.2: an answer carries back exactly what the request said on this leg.
bool Phone::looks_sound(const Pending& pending, const Message& answer)
{
    const auto& request = pending.request;
    const auto fault = [&](std::string_view what) {
        bench_.error(join(request.method, ": answer with ", what));
        return false;
    };
    if (answer.values("Via").size() != 1) return fault("foreign Via");
    if (answer.first("Call-ID") != request.call_id) return fault("wrong Call-ID");
    if (parameter(answer.first("From"), "tag") != request.local_tag) return fault("wrong From tag");
    if (!answer.first("CSeq").starts_with(join(std::to_string(request.cseq), " "))) return fault("wrong CSeq");
    if (answer.status() > 100 && parameter(answer.first("To"), "tag").empty()) return fault("no To tag");
    return true;
}

void Phone::on_response(Message message)
{
    const auto branch = branch_number(message.first("Via"));
    auto* matching = pending(branch);
    if (matching == nullptr || message.method() != matching->request.method) {
        bench_.error(join("received: stray answer ", std::to_string(message.status()), " to ", message.method()));
        return;
    }
    if (!looks_sound(*matching, message)) return finish(branch, std::nullopt, "unsound answer");
    if (message.status() < 200) {
        if (message.status() == 180 && !matching->reply.ringing) matching->reply.ringing = Clock::now();
        return;
    }
    if (message.status() == 503)
        if (const auto pause = seconds_of(message.first("Retry-After"))) told_to_wait = Clock::now() + *pause;
    if (message.status() >= 300 && !matching->request.ack.empty()) // RFC 3261 17.1.1.3
        connection_.send(join(matching->request.ack, "To: ", message.first("To"), "\r\nContent-Length: 0\r\n\r\n"));
    finish(branch, std::move(message), {});
}

std::string Phone::contact(const Line& line) const
{
    return join("sip:", line.credentials.user, "@", connection_.local(), ";transport=tls");
}

std::string Phone::head(std::string_view method, const Dialog& dialog, std::string_view uri, std::uint64_t branch,
                        std::uint32_t cseq, bool with_to) const
{
    auto text = join(method, " ", uri, " SIP/2.0\r\nVia: SIP/2.0/TLS ", connection_.local(),
                     ";branch=", branch_text(branch), "\r\nMax-Forwards: 70\r\n");
    for (const auto& route : dialog.route_set) text += join("Route: ", route, "\r\n");
    text += join("From: <", dialog.local_uri, ">;tag=", dialog.local_tag, "\r\n");
    if (with_to) {
        text += join("To: <", dialog.remote_uri, ">");
        if (!dialog.remote_tag.empty()) text += join(";tag=", dialog.remote_tag);
        text += "\r\n";
    }
    text += join("Call-ID: ", dialog.call_id, "\r\nCSeq: ", std::to_string(cseq), " ", method, "\r\n");
    return text;
}

Request Phone::request(std::string_view method, Dialog& dialog, std::string_view extra, std::string_view body)
{
    Request request;
    request.method = method;
    request.branch = bench_.next_branch();
    request.call_id = dialog.call_id;
    request.local_tag = dialog.local_tag;
    request.cseq = ++dialog.cseq;
    request.text = head(method, dialog, dialog.remote_target, request.branch, request.cseq, true);
    request.text +=
        join("User-Agent: sotto-load\r\n", extra, "Content-Length: ", std::to_string(body.size()), "\r\n\r\n", body);
    if (method == "INVITE")
        request.ack = head("ACK", dialog, dialog.remote_target, request.branch, request.cseq, false);
    return request;
}

void Phone::acknowledge(const Dialog& dialog)
{
    connection_.send(head("ACK", dialog, dialog.remote_target, bench_.next_branch(), dialog.cseq, true) +
                     "Content-Length: 0\r\n\r\n");
}

Line* Phone::line_of(std::string_view user)
{
    const auto found = std::ranges::find_if(lines, [&](const auto& line) { return line->credentials.user == user; });
    return found == lines.end() ? nullptr : found->get();
}

/// RFC 3261 8.2.6.2: the answer repeats Via, From, To, Call-ID, CSeq and Record-Route of the request.
void Phone::answer(const Message& request, int status, std::string_view reason, std::string_view to_tag,
                   std::string_view extra, std::string_view body)
{
    auto text = join("SIP/2.0 ", std::to_string(status), " ", reason, "\r\n");
    for (const auto& header : request.headers()) {
        constexpr std::array<std::string_view, 6> repeated{"Via", "From", "To", "Call-ID", "CSeq", "Record-Route"};
        if (std::ranges::none_of(repeated, [&](auto name) { return iequals(name, header.name); })) continue;
        text += join(header.name, ": ", header.value);
        if (iequals(header.name, "To") && parameter(header.value, "tag").empty()) text += join(";tag=", to_tag);
        text += "\r\n";
    }
    text += join("Server: sotto-load\r\n", extra, "Content-Length: ", std::to_string(body.size()), "\r\n\r\n", body);
    connection_.send(text);
}

void Phone::check_request(const Message& message, const Line& line)
{
    const auto fault = [&](std::string_view what) { bench_.error(join("received ", message.method(), ": ", what)); };
    for (const auto name : {"Via", "From", "To", "Call-ID", "CSeq", "Max-Forwards"})
        if (message.first(name).empty()) fault(join("no ", name));
    const std::string host{host_port_of(message.request_uri())};
    if (host != connection_.local() && !hosts_.contains(host)) fault("Request-URI is not this phone's contact");
    if (!bench_.options.expect_private) return;
    for (const auto& secret : line.secrets)
        if (message.bytes().find(secret) != std::string_view::npos) fault("shows an identifier of the caller");
}

void Phone::on_request(const Message& message)
{
    auto* line = line_of(user_of(message.request_uri()));
    if (line == nullptr) {
        bench_.error(join("received ", message.method(), ": for nobody here"));
        if (message.method() != "ACK") answer(message, 404, "Not Found", bench_.token(8));
        return;
    }
    check_request(message, *line);
    if (message.method() == "INVITE") return on_invite(message, *line);
    if (message.method() == "MESSAGE") {
        if (message.body().empty()) bench_.error("received MESSAGE: without text");
        ++line->seen.messages;
        return answer(message, 200, "OK", bench_.token(8));
    }
    const bool in_dialog = line->call && message.first("Call-ID") == line->call->call_id &&
                           parameter(message.first("To"), "tag") == line->call->local_tag &&
                           parameter(message.first("From"), "tag") == line->call->remote_tag;
    if (message.method() == "ACK") {
        if (!in_dialog) return bench_.error("received ACK: of no call");
        ++line->seen.acks;
        return;
    }
    if (message.method() != "BYE") {
        bench_.error(join("received ", message.method(), ": not asked for"));
        return answer(message, 501, "Not Implemented", bench_.token(8));
    }
    if (!in_dialog) {
        bench_.error("received BYE: of no call");
        return answer(message, 481, "Call/Transaction Does Not Exist", bench_.token(8));
    }
    ++line->seen.byes;
    answer(message, 200, "OK", {});
}

void Phone::on_invite(const Message& message, Line& line)
{
    if (message.body().find("\r\nm=audio ") == std::string_view::npos)
        bench_.error("received INVITE: without an offer");
    Dialog dialog;
    dialog.call_id = message.first("Call-ID");
    dialog.local_uri = uri_of(message.first("To"));
    dialog.local_tag = bench_.token(12);
    dialog.remote_uri = uri_of(message.first("From"));
    dialog.remote_tag = parameter(message.first("From"), "tag");
    dialog.remote_target = uri_of(message.first("Contact"));
    for (const auto route : message.values("Record-Route")) dialog.route_set.emplace_back(route); // RFC 3261 12.1.1
    ++line.seen.invites;
    const auto tag = dialog.local_tag;
    line.call = std::move(dialog);
    const auto extra = join("Contact: <", contact(line), ">\r\n");
    answer(message, 180, "Ringing", tag, extra);
    answer(message, 200, "OK", tag, join(extra, allowed_methods, "Content-Type: application/sdp\r\n"),
           session_description(line.media_port, "active"));
}

} // namespace sotto::load
