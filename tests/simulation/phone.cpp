#include "simulation/phone.hpp"

#include "element/world.hpp" // header, uri_in, tag_in, start_line
#include "wire/parse.hpp"

#include <algorithm>
#include <array>
#include <cstdio>

namespace sotto::simulation {

using test::header;
using test::start_line;
using test::tag_in;
using test::uri_in;

namespace {

constexpr seconds timer_f{32};         ///< a request other than INVITE is given up (RFC 3261 17.1.2.2)
constexpr seconds longest_invite{400}; ///< Timer C, ringing, and every way there and back
constexpr seconds no_ack{32};          ///< RFC 3261 13.3.1.4

std::string hex(std::span<const std::uint8_t> bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const auto byte : bytes) (out += digits[byte >> 4U]) += digits[byte & 15U];
    return out;
}

std::string quoted(const std::string& text, const std::string& name)
{
    const auto at = text.find(name + "=\"");
    if (at == std::string::npos) return {};
    const auto from = at + name.size() + 2;
    return text.substr(from, text.find('"', from) - from);
}

std::string credentials(const std::string& challenge, bool proxy, const std::string& user, const std::string& method,
                        const std::string& uri)
{
    static crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    const auto hash = [&](const std::string& text) { return hex(crypto.sha256(text)); };
    const auto nonce = quoted(challenge, "nonce");
    const auto a1 = hash(user + ":example.org:secret");
    const auto response = hash(a1 + ":" + nonce + ":00000001:c:auth:" + hash(method + ":" + uri));
    return std::string{proxy ? "Proxy-Authorization" : "Authorization"} + ": Digest username=\"" + user +
           "\", realm=\"example.org\", nonce=\"" + nonce + "\", uri=\"" + uri + "\", response=\"" + response +
           "\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"c\"\r\n";
}

const std::string body =
    "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 4000 UDP/TLS/RTP/SAVP 0\r\n"
    "a=fingerprint:sha-256 "
    "00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\na=setup:"
    "actpass\r\n";
const std::string body_lines = "Content-Type: application/sdp\r\n";

std::string branch_in(const std::string& message)
{
    const auto via = header(message, "Via");
    return via.substr(via.find(";branch=") + 8); // Sotto writes no parameter behind it
}

bool carries_body(const std::string& method) { return method == "INVITE" || method == "UPDATE"; }

std::string with_length(std::string head, const std::string& content)
{
    return head + (content.empty() ? "" : body_lines) + "Content-Length: " + std::to_string(content.size()) +
           "\r\n\r\n" + content;
}

} // namespace

// Of one length, and long enough that no sealed value looks like one by chance: zq012x0001234qz
std::string Marks::fresh(std::size_t owner)
{
    const auto padded = [](std::uint64_t number, std::size_t digits) {
        const auto text = std::to_string(number);
        return std::string(digits - text.size(), '0') + text;
    };
    return "zq" + padded(owner, 3) + "x" + padded(++count_, 7) + "qz";
}

void Marks::require_own(const std::string& bytes, std::size_t reader)
{
    constexpr std::string_view form = "zq999x9999999qz";
    for (auto at = bytes.find("zq"); at != std::string::npos && at + form.size() <= bytes.size();
         at = bytes.find("zq", at + 1)) {
        const auto mark = std::string_view{bytes}.substr(at, form.size());
        const auto fits = [](char c, char f) { return f == '9' ? c >= '0' && c <= '9' : c == f; };
        if (!std::equal(mark.begin(), mark.end(), form.begin(), fits)) continue;
        require(std::stoul(std::string{mark.substr(2, 3)}) == reader, "an identifier crossed a leg to phone " +
                                                                          std::to_string(reader) + ": " +
                                                                          std::string{mark} + " in\n" + bytes);
    }
}

Phone::Phone(World& world, std::size_t number, std::string user)
    : world_{world}, number_{number}, user_{std::move(user)}, aor_{"sip:" + user_ + "@example.org"},
      host_{world.marks.fresh(number) + ".invalid"}, contact_{"sip:" + world.marks.fresh(number) + "@" + host_ +
                                                              ";transport=tls"}
{
}

void Phone::tell(const std::string& what) const
{
    if (world_.story)
        std::printf("%10lld  phone %zu (%s) %s\n",
                    static_cast<long long>(world_.schedule.now().time_since_epoch().count() - 3'600'000'000LL), number_,
                    user_.c_str(), what.c_str());
}

// ---- what it does

void Phone::act()
{
    if (finishing_) return;
    auto& chance = world_.chance;
    if (!flow_) return connect();
    std::vector<DialogPtr> up;
    for (const auto& dialog : dialogs_)
        if (dialog->confirmed && !dialog->over) up.push_back(dialog);
    if (!up.empty() && !chance.one_in(3)) {
        const auto& dialog = up[chance.below(up.size())];
        constexpr std::array<const char*, 4> methods{"INFO", "INVITE", "UPDATE", "REFER"};
        if (chance.one_in(3)) return hang_up(dialog);
        return in_dialog(dialog, methods[chance.below(methods.size())]);
    }
    for (auto& [branch, request] : requests_)
        if (request.method == "INVITE" && request.ringing && !request.cancelled && !request.dialog->confirmed &&
            request.dialog->their_tag.empty() && chance.one_in(2))
            return cancel(branch);
    switch (chance.below(12)) {
    case 0:
        tell("loses its connection");
        return world_.machine.close(flow_);
    case 1:
        return registration();
    case 2:
    case 3:
        return place_call("MESSAGE");
    default:
        return place_call("INVITE");
    }
}

void Phone::connect()
{
    tell("connects");
    flow_ = world_.machine.connect(*this);
    registration();
}

void Phone::registration()
{
    transmit({.method = "REGISTER",
              .uri = "sip:example.org",
              .from = "<" + aor_ + ">;tag=" + world_.marks.fresh(number_),
              .to = "<" + aor_ + ">",
              .call_id = "register-" + host_,
              .headers = "Contact: <" + contact_ + ">\r\n",
              .cseq = ++register_cseq_});
}

void Phone::place_call(const std::string& method)
{
    auto& chance = world_.chance;
    const auto& callee = world_.users[chance.below(world_.users.size())];
    if (callee == user_) return;
    const auto prefix = chance.one_in(6) ? "%2331%23" : "";
    const auto uri = "sip:" + std::string{prefix} + callee + "@example.org";
    known_.insert(callee);
    ask(method, chance.one_in(20) ? "sip:*60%23@example.org" : uri);
}

/// A request outside of a dialog.
void Phone::ask(const std::string& method, const std::string& uri)
{
    auto& chance = world_.chance;
    auto dialog = std::make_shared<Dialog>();
    dialog->call_id = world_.marks.fresh(number_) + "@" + host_;
    dialog->own_tag = world_.marks.fresh(number_);
    dialog->own_uri = aor_;
    dialog->their_uri = uri;
    std::string headers;
    if (method == "INVITE") headers += "Contact: <" + contact_ + ">\r\n";
    if (chance.one_in(5)) headers += "Privacy: id\r\n";
    transmit({.method = method,
              .uri = uri,
              .from = "<" + aor_ + ">;tag=" + dialog->own_tag,
              .to = "<" + uri + ">",
              .call_id = dialog->call_id,
              .headers = headers,
              .cseq = 1,
              .dialog = dialog});
}

void Phone::in_dialog(const DialogPtr& dialog, const std::string& method)
{
    std::string headers;
    if (method == "INVITE" || method == "UPDATE" || method == "REFER") headers = "Contact: <" + contact_ + ">\r\n";
    if (method == "REFER")
        headers += "Refer-To: <sip:" + world_.users[world_.chance.below(world_.users.size())] + "@example.org>\r\n" +
                   "Referred-By: <" + aor_ + ">\r\n";
    transmit({.method = method,
              .uri = dialog->target,
              .from = "<" + dialog->own_uri + ">;tag=" + dialog->own_tag,
              .to = "<" + dialog->their_uri + ">;tag=" + dialog->their_tag,
              .call_id = dialog->call_id,
              .headers = headers,
              .cseq = ++dialog->cseq,
              .dialog = dialog});
}

void Phone::hang_up(const DialogPtr& dialog)
{
    if (dialog->over) return;
    in_dialog(dialog, "BYE");
    end(dialog);
}

void Phone::end(const DialogPtr& dialog)
{
    if (dialog->over) return;
    dialog->over = true;
    if (dialog->confirmed) ++world_.calls_ended;
}

std::string Phone::transmit(Request request, const std::string& extra)
{
    const auto branch = "z9hG4bK" + world_.marks.fresh(number_);
    const auto content = carries_body(request.method) ? body : std::string{};
    request.flow = flow_;
    request.sent = world_.schedule.now();
    tell("sends " + request.method + " " + std::to_string(request.cseq) + " to " + request.uri);
    world_.machine.send(
        flow_, with_length(request.method + " " + request.uri + " SIP/2.0\r\nVia: SIP/2.0/TLS " + host_ + ";branch=" +
                               branch + "\r\nMax-Forwards: 70\r\nFrom: " + request.from + "\r\nTo: " + request.to +
                               "\r\nCall-ID: " + request.call_id + "\r\nCSeq: " + std::to_string(request.cseq) + " " +
                               request.method + "\r\n" + request.headers + extra,
                           content));
    requests_[branch] = std::move(request);
    return branch;
}

void Phone::cancel(const std::string& branch)
{
    auto& request = requests_.at(branch);
    if (request.flow != flow_) return;
    request.cancelled = true;
    tell("cancels");
    world_.machine.send(flow_, with_length("CANCEL " + request.uri + " SIP/2.0\r\nVia: SIP/2.0/TLS " + host_ +
                                               ";branch=" + branch + "\r\nMax-Forwards: 70\r\nFrom: " + request.from +
                                               "\r\nTo: " + request.to + "\r\nCall-ID: " + request.call_id +
                                               "\r\nCSeq: " + std::to_string(request.cseq) + " CANCEL\r\n",
                                           {}));
}

void Phone::acknowledge(const Request& request, const std::string& branch, const Message& response)
{
    world_.machine.send(request.flow,
                        with_length("ACK " + request.uri + " SIP/2.0\r\nVia: SIP/2.0/TLS " + host_ +
                                        ";branch=" + branch + "\r\nMax-Forwards: 70\r\nFrom: " + request.from +
                                        "\r\nTo: <" + std::string{response.to.uri.text} +
                                        ">;tag=" + std::string{response.to.tag()} + "\r\nCall-ID: " + request.call_id +
                                        "\r\nCSeq: " + std::to_string(request.cseq) + " ACK\r\n",
                                    {}));
}

void Phone::acknowledge_answer(const DialogPtr& dialog, std::uint32_t cseq)
{
    if (!flow_) return;
    world_.machine.send(
        flow_,
        with_length("ACK " + dialog->target + " SIP/2.0\r\nVia: SIP/2.0/TLS " + host_ + ";branch=z9hG4bK" +
                        world_.marks.fresh(number_) + "\r\nMax-Forwards: 70\r\nFrom: <" + dialog->own_uri +
                        ">;tag=" + dialog->own_tag + "\r\nTo: <" + dialog->their_uri + ">;tag=" + dialog->their_tag +
                        "\r\nCall-ID: " + dialog->call_id + "\r\nCSeq: " + std::to_string(cseq) + " ACK\r\n",
                    {}));
}

void Phone::answer(const std::string& request, int status, const std::string& headers)
{
    if (!flow_) return;
    auto to = header(request, "To");
    const auto method = request.substr(0, request.find(' '));
    if (tag_in(to).empty()) {
        const auto ringing = ringing_.find(branch_in(request));
        to += ";tag=" + (ringing != ringing_.end() ? ringing->second.dialog->own_tag : world_.marks.fresh(number_));
    }
    const bool offer = status >= 200 && status < 300 && carries_body(method);
    world_.machine.send(
        flow_,
        with_length("SIP/2.0 " + std::to_string(status) + " X\r\nVia: " + header(request, "Via") +
                        "\r\nFrom: " + header(request, "From") + "\r\nTo: " + to +
                        "\r\nCall-ID: " + header(request, "Call-ID") + "\r\nCSeq: " + header(request, "CSeq") + "\r\n" +
                        (carries_body(method) && status < 300 ? "Contact: <" + contact_ + ">\r\n" : std::string{}) +
                        headers,
                    offer ? body : std::string{}));
}

// ---- what comes in

void Phone::learn(const std::string& bytes)
{
    Marks::require_own(bytes, number_);
    for (const auto& hidden : world_.withholding)
        require(hidden == user_ || known_.contains(hidden) || bytes.find(hidden) == std::string::npos,
                "the withheld " + hidden + " shows at phone " + std::to_string(number_) + ":\n" + bytes);
}

void Phone::received(const std::string& bytes)
{
    // Whom a transfer leads to is named to whoever is to call there.
    if (bytes.starts_with("REFER "))
        for (const auto& user : world_.users)
            if (header(bytes, "Refer-To").find(user + "@") != std::string::npos) known_.insert(user);
    learn(bytes);
    const auto message = wire::parse(bytes);
    require(message != nullptr && !message->defect, "what a phone receives is a good message:\n" + bytes);
    tell("receives " + start_line(bytes) + "  " + header(bytes, "CSeq"));
    if (message->is_request)
        on_request(*message, bytes);
    else
        on_response(*message, bytes);
}

void Phone::lost()
{
    tell("is cut off");
    flow_ = {};
    ringing_.clear();
    requests_.clear(); // given up as a transport failure
    world_.schedule.after(world_.chance.up_to(seconds{5}), [this] {
        if (!flow_) connect();
    });
}

void Phone::on_response(const Message& response, const std::string& bytes)
{
    require(response.vias.size() == 1, "a phone's own Via comes back, alone:\n" + bytes);
    const auto found = requests_.find(std::string{response.vias.front().branch()});
    if (response.cseq.method == Method::cancel) return;
    if (found == requests_.end()) return; // given up already
    auto& request = found->second;
    const auto branch = found->first;
    require(response.call_id == request.call_id && response.cseq.number == request.cseq &&
                response.cseq.method_name == request.method,
            "a response has the Call-ID and CSeq of its request:\n" + bytes);
    require(header(bytes, "From") == request.from, "a response has the From of its request:\n" + bytes);
    if (response.status < 200) {
        request.ringing |= response.status > 100;
        return;
    }
    const bool invite = request.method == "INVITE";
    if (response.status >= 300) {
        require(!request.answered, "after a 2xx no failure follows");
        if (invite) acknowledge(request, branch, response);
        auto again = request;
        requests_.erase(found);
        const bool proxy = response.status == 407;
        if ((proxy || response.status == 401) && !again.challenged && again.flow == flow_) {
            again.challenged = true;
            ++again.cseq;
            if (again.method == "REGISTER") register_cseq_ = again.cseq;
            if (again.dialog) again.dialog->cseq = std::max(again.dialog->cseq, again.cseq);
            const auto challenge = header(bytes, proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
            transmit(again, credentials(challenge, proxy, user_, again.method, again.uri));
        } else if (again.dialog && again.dialog->confirmed && (response.status == 481 || response.status == 408)) {
            end(again.dialog); // RFC 3261 12.2.1.2
        }
        return;
    }
    if (invite) return on_answered_invite(request, response);
    requests_.erase(found);
}

void Phone::on_answered_invite(Request& request, const Message& response)
{
    request.answered = true;
    auto dialog = request.dialog;
    const std::string tag{response.to.tag()};
    require(!tag.empty() && response.contacts.size() == 1, "a 2xx to INVITE has a To tag and a Contact");
    if (!dialog->their_tag.empty() && dialog->their_tag != tag) { // RFC 3261 13.2.2.4: another branch answered too
        const auto of_branch = [&](const DialogPtr& d) { return d->call_id == request.call_id && d->their_tag == tag; };
        const auto known = std::find_if(dialogs_.begin(), dialogs_.end(), of_branch);
        if (known == dialogs_.end()) {
            auto further = std::make_shared<Dialog>(*dialog);
            further->over = false;
            further->confirmed = false;
            dialogs_.push_back(further);
            dialog = further;
        } else {
            dialog = *known;
        }
    } else if (std::find(dialogs_.begin(), dialogs_.end(), dialog) == dialogs_.end()) {
        dialogs_.push_back(dialog);
    }
    dialog->their_tag = tag;
    dialog->target = std::string{response.contacts.front().uri.text};
    const bool fresh = !dialog->confirmed && !dialog->over;
    if (fresh) {
        dialog->confirmed = true;
        dialog->cseq = std::max(dialog->cseq, request.cseq);
        ++world_.calls_up;
    }
    acknowledge_answer(dialog, request.cseq);
    if (fresh && (request.cancelled || dialog != request.dialog || finishing_)) hang_up(dialog);
}

Phone::DialogPtr Phone::find(const Message& request) const
{
    for (const auto& dialog : dialogs_)
        if (dialog->call_id == request.call_id && dialog->own_tag == request.to.tag() &&
            (dialog->their_tag.empty() || dialog->their_tag == request.from.tag()))
            return dialog;
    return nullptr;
}

void Phone::on_request(const Message& request, const std::string& bytes)
{
    require(request.vias.size() == 1 && request.routes.empty(), "a phone sees one hop, Sotto's:\n" + bytes);
    require(request.request_uri.text == contact_, "a request is for the phone's own Contact:\n" + bytes);
    const std::string branch{request.vias.front().branch()};
    if (request.method == Method::ack) {
        for (auto& [key, ringing] : ringing_)
            if (ringing.dialog->call_id == request.call_id && ringing.answered) ringing.acknowledged = true;
        if (const auto dialog = find(request); dialog && !dialog->confirmed && !dialog->over) {
            dialog->confirmed = true;
            ++world_.calls_up;
            if (finishing_) hang_up(dialog);
        }
        return;
    }
    if (request.method == Method::cancel) {
        const auto ringing = ringing_.find(branch);
        answer(bytes, ringing == ringing_.end() ? 481 : 200);
        if (ringing == ringing_.end() || ringing->second.answered) return;
        ringing->second.answered = ringing->second.acknowledged = true;
        ringing->second.dialog->over = true;
        answer(ringing->second.request, 487);
        return;
    }
    if (request.to.tag().empty()) {
        if (request.method == Method::invite) return on_invite(request, bytes);
        require(request.method == Method::message, "outside a dialog come INVITE and MESSAGE only:\n" + bytes);
        if (!world_.chance.one_in(6)) answer(bytes, world_.chance.one_in(4) ? 486 : 200);
        return;
    }
    const auto dialog = find(request);
    // It may have given the dialog up when its connection was lost: all its marks in it are its own, as was seen above.
    if (dialog == nullptr || dialog->over) return answer(bytes, 481);
    if (request.method == Method::bye) {
        answer(bytes, 200);
        end(dialog);
        dialog->over = true;
        return;
    }
    if (request.method == Method::refer && request.refer_to) { // RFC 3515 2.4.2: it does as it was asked
        answer(bytes, 202);
        if (!finishing_) ask("INVITE", std::string{request.refer_to->uri.text});
        return;
    }
    if (world_.chance.one_in(8)) return answer(bytes, 488);
    if (!world_.chance.one_in(10) || request.method == Method::invite) answer(bytes, 200);
}

void Phone::on_invite(const Message& request, const std::string& bytes)
{
    auto dialog = std::make_shared<Dialog>();
    dialog->call_id = std::string{request.call_id};
    dialog->own_tag = world_.marks.fresh(number_);
    dialog->their_tag = std::string{request.from.tag()};
    dialog->own_uri = std::string{request.to.uri.text};
    dialog->their_uri = std::string{request.from.uri.text};
    dialog->target = std::string{request.contacts.front().uri.text};
    const std::string key{request.vias.front().branch()};
    ringing_[key] = {.request = bytes, .dialog = dialog};
    dialogs_.push_back(dialog);
    ring(key);
}

void Phone::ring(const std::string& key)
{
    auto& chance = world_.chance;
    const auto& ringing = ringing_.at(key);
    const auto later = [&](seconds most, auto event) {
        world_.schedule.after(chance.up_to(most), [this, key, event] {
            const auto found = ringing_.find(key);
            if (found != ringing_.end() && !found->second.answered && flow_) event(found->second);
        });
    };
    const auto refuse = [this](int status, const std::string& headers = {}) {
        return [this, status, headers](Ringing& call) {
            call.answered = call.acknowledged = true;
            call.dialog->over = true;
            answer(call.request, status, headers);
        };
    };
    if (!chance.one_in(4)) answer(ringing.request, chance.one_in(3) ? 183 : 180);
    switch (finishing_ ? 0 : chance.below(10)) {
    case 0:
        return later(seconds{2}, refuse(486));
    case 1:
        return later(seconds{10}, refuse(603));
    case 2: {
        const auto& elsewhere = world_.users[chance.below(world_.users.size())];
        return later(seconds{2}, refuse(302, "Contact: <sip:" + elsewhere + "@example.org>\r\n"));
    }
    case 3:
        return; // rings until somebody gives up
    case 4:
        return later(seconds{20}, refuse(503));
    default:
        return later(seconds{30}, [this, key](Ringing& call) {
            call.answered = true;
            answer(call.request, 200);
            world_.schedule.after(no_ack, [this, key] { // the ACK was lost with somebody's connection
                const auto found = ringing_.find(key);
                if (found == ringing_.end() || found->second.acknowledged) return;
                const auto dialog = found->second.dialog;
                ringing_.erase(found);
                if (flow_ && !dialog->over) {
                    in_dialog(dialog, "BYE");
                    dialog->over = true;
                }
            });
        });
    }
}

// ---- the end

void Phone::finish()
{
    finishing_ = true;
    for (const auto& dialog : dialogs_)
        if (dialog->confirmed && !dialog->over && flow_) hang_up(dialog);
    std::vector<std::string> open;
    for (const auto& [branch, request] : requests_)
        if (request.method == "INVITE" && request.ringing && !request.cancelled && !request.answered)
            open.push_back(branch);
    for (const auto& branch : open) cancel(branch);
}

void Phone::require_finished() const
{
    const auto now = world_.schedule.now();
    for (const auto& [branch, request] : requests_) {
        if (request.answered) continue;
        // RFC 4320 4.2: silence when Timer F is over. Phones here answer each BYE before that, unless the clock jumps.
        const bool overtaken = std::ranges::any_of(
            world_.jumps, [sent = request.sent](auto at) { return at >= sent && at - sent < timer_f; });
        const bool must = request.method == "INVITE" || (request.method == "BYE" && !overtaken);
        const bool given_up = !must && now - request.sent > timer_f;
        require(given_up || now - request.sent < longest_invite, "phone " + std::to_string(number_) +
                                                                     " has had no final answer to " + request.method +
                                                                     " " + request.uri);
    }
    for (const auto& dialog : dialogs_)
        require(dialog->over || !dialog->confirmed || !flow_,
                "phone " + std::to_string(number_) + " is in a call for ever");
}

} // namespace sotto::simulation
