#include "load/flows.hpp"

#include "core/types/ascii.hpp"
#include "load/session_description.hpp"

#include <algorithm>

namespace sotto::load {
namespace {

using std::chrono::milliseconds;

std::string credentials_line(Bench& bench, Line& line, std::string_view method, const std::string& uri)
{
    return authorization(*line.challenge, line.credentials, method, uri, ++line.nonce_count, bench.token(16));
}

bool take_challenge(Bench& bench, Line& line, const Message& answer)
{
    line.challenge = choose_challenge(answer);
    line.nonce_count = 0;
    if (line.challenge) return true;
    bench.error(join(answer.method(), ": challenged with nothing that can be answered"));
    return false;
}

Dialog to_somebody(Bench& bench, const End& from, const End& to)
{
    Dialog dialog;
    dialog.call_id = bench.token(32);
    dialog.local_uri = from.line->address;
    dialog.local_tag = bench.token(12);
    dialog.remote_uri = to.line->address;
    dialog.remote_target = to.line->address;
    return dialog;
}

/// What no other party may learn of this dialog.
std::vector<std::string> secrets_of(const End& end, const Dialog& dialog)
{
    return {dialog.call_id, dialog.local_tag, end.phone->contact(*end.line), "sotto-load"};
}

void confirm(Dialog& dialog, const Message& answer) // RFC 3261 12.1.2
{
    dialog.remote_tag = parameter(answer.first("To"), "tag");
    dialog.remote_target = uri_of(answer.first("Contact"));
    for (const auto route : answer.values("Record-Route")) dialog.route_set.emplace_back(route);
    std::ranges::reverse(dialog.route_set);
}

/// The last messages may still be on their way to the callee when the caller has its answer.
Task<bool> wait_for(Bench& bench, const std::uint64_t& counter, std::uint64_t wanted)
{
    const auto limit = Clock::now() + std::chrono::seconds{2};
    while (counter < wanted && Clock::now() < limit) {
        const auto soon = Clock::now() + milliseconds{1};
        co_await Until{bench.loop, soon};
    }
    co_return counter == wanted;
}

bool granted(const Message& answer, const Line& line)
{
    const auto contacts = answer.values("Contact");
    return std::ranges::any_of(contacts, [&](auto contact) {
        const auto expires = parameter(contact, "expires");
        return user_of(uri_of(contact)) == line.credentials.user && expires != "0" &&
               !(expires.empty() && answer.first("Expires").empty());
    });
}

/// Where a lost connection comes back: until it has.
Task<bool> back_again(Bench& bench, const Phone& phone)
{
    const auto limit = Clock::now() + bench.options.timeout;
    while (bench.options.reconnects() && !phone.registered && Clock::now() < limit) {
        const auto soon = Clock::now() + milliseconds{10};
        co_await Until{bench.loop, soon};
    }
    const bool back = phone.registered || !bench.options.reconnects();
    if (!back) bench.error("connection: did not come back");
    co_return back;
}

/// The server was just ending, where it may: nothing came of the request, and the phone tries again.
bool server_was_ending(Bench& bench, const Reply& reply)
{
    const bool ending = bench.options.reconnects() && (!reply.answer || reply.answer->status() == 503);
    if (ending) ++bench.tally.retries;
    return ending;
}

/// BYE, which is sent again when a connection was lost under it. `seen`: how many the other side has received, and had
/// `before`; a BYE that has arrived ended the call, whatever became of its answer. To an `other` that is not back yet
/// it would end the call without it (SEALING.md "Ended dialogs").
Task<bool> hang_up(Bench& bench, Phone* phone, Phone* other, Dialog* dialog, const std::uint64_t* seen,
                   std::uint64_t before)
{
    const auto limit = Clock::now() + bench.options.timeout;
    for (;;) {
        const bool back = co_await back_again(bench, *phone);
        const bool other_back = co_await back_again(bench, *other);
        if (!back || !other_back) co_return false;
        auto bye = phone->request("BYE", *dialog);
        const auto ended = co_await phone->exchange(std::move(bye));
        if (bench.options.reconnects() && *seen == before + 1) co_return true;
        if (Clock::now() >= limit || !server_was_ending(bench, ended)) co_return bench.expect(ended, "BYE", 200);
        const auto soon = Clock::now() + milliseconds{100};
        co_await Until{bench.loop, soon};
    }
}

std::string registered_contact(const End& end, std::uint32_t expires)
{
    return join("Contact: <", end.phone->contact(*end.line), ">;expires=", std::to_string(expires),
                ";+sip.instance=\"<urn:uuid:", end.line->instance, ">\";reg-id=1\r\nSupported: path, outbound\r\n");
}

} // namespace

Task<bool> register_line(Bench& bench, End end)
{
    auto& [phone, line] = end;
    if (bench.options.floor) co_return co_await echo(bench, end, bench.options.reuse_nonce ? 1 : 2);
    const auto started = Clock::now();
    auto& dialog = line->registration;
    const auto uri = dialog.remote_target;
    const auto contact = registered_contact(end, bench.options.expires);
    auto extra = contact;
    if (bench.options.reuse_nonce && line->challenge) extra += credentials_line(bench, *line, "REGISTER", uri);
    auto first = phone->request("REGISTER", dialog, extra);
    const auto challenge = co_await phone->exchange(std::move(first));
    if (bench.options.reuse_nonce && line->challenge && challenge.answer && challenge.answer->status() == 200) {
        ++bench.tally.answers["REGISTER 200"];
        bench.tally.latencies["register"].record(Clock::now() - started);
        co_return true;
    }
    if (server_was_ending(bench, challenge) || !bench.expect(challenge, "REGISTER", 401)) co_return false;
    if (!take_challenge(bench, *line, *challenge.answer)) co_return false;
    extra = contact + credentials_line(bench, *line, "REGISTER", uri);
    auto second = phone->request("REGISTER", dialog, extra);
    const auto answer = co_await phone->exchange(std::move(second));
    if (server_was_ending(bench, answer) || !bench.expect(answer, "REGISTER", 200)) co_return false;
    bench.tally.latencies["register"].record(Clock::now() - started);
    if (granted(*answer.answer, *line)) co_return true;
    bench.error("REGISTER: the 200 does not show the binding");
    co_return false;
}

Task<bool> unregister_line(Bench& bench, End end)
{
    auto& [phone, line] = end;
    auto& dialog = line->registration;
    const auto uri = dialog.remote_target;
    const auto contact = registered_contact(end, 0);
    auto first = phone->request("REGISTER", dialog, contact);
    const auto challenge = co_await phone->exchange(std::move(first));
    if (!bench.expect(challenge, "REGISTER", 401)) co_return false;
    if (!take_challenge(bench, *line, *challenge.answer)) co_return false;
    const auto extra = contact + credentials_line(bench, *line, "REGISTER", uri);
    auto second = phone->request("REGISTER", dialog, extra);
    const auto answer = co_await phone->exchange(std::move(second));
    if (!bench.expect(answer, "REGISTER", 200)) co_return false;
    if (!granted(*answer.answer, *line)) co_return true;
    bench.error("REGISTER: the binding is still there after it was removed");
    co_return false;
}

Task<bool> place_call(Bench& bench, End caller, End callee)
{
    if (bench.options.floor) co_return co_await echo(bench, caller, 8);
    const bool caller_back = co_await back_again(bench, *caller.phone);
    const bool callee_back = co_await back_again(bench, *callee.phone);
    if (!caller_back || !callee_back) co_return false;
    const auto started = Clock::now();
    auto dialog = to_somebody(bench, caller, callee);
    const auto uri = dialog.remote_target;
    callee.line->secrets = secrets_of(caller, dialog);
    const auto before = callee.line->seen;
    const auto offer = session_description(caller.line->media_port, "actpass");
    const auto common = join("Contact: <", caller.phone->contact(*caller.line), ">\r\n", allowed_methods,
                             "Content-Type: application/sdp\r\n");

    auto first = caller.phone->request("INVITE", dialog, common, offer);
    const auto challenge = co_await caller.phone->exchange(std::move(first));
    if (server_was_ending(bench, challenge)) co_return false;
    if (!bench.expect(challenge, "INVITE", 407, 401)) co_return false;
    if (!take_challenge(bench, *caller.line, *challenge.answer)) co_return false;

    const auto extra = common + credentials_line(bench, *caller.line, "INVITE", uri);
    auto second = caller.phone->request("INVITE", dialog, extra, offer);
    const auto invited = Clock::now();
    const auto answer = co_await caller.phone->exchange(std::move(second));
    if (server_was_ending(bench, answer)) {
        if (callee.line->seen.invites != before.invites) bench.error("INVITE: lost on its way back");
        co_return false;
    }
    if (!bench.expect(answer, "INVITE", 200)) co_return false;
    bench.tally.latencies["answer"].record(Clock::now() - invited);
    if (!answer.ringing) bench.error("INVITE: no 180 before the 200");
    if (answer.answer->body().find("\r\nm=audio ") == std::string_view::npos)
        bench.error("INVITE: 200 without an answer");
    confirm(dialog, *answer.answer);
    caller.line->call = dialog;
    caller.phone->acknowledge(dialog);
    if (bench.options.hold.count() > 0) {
        const auto end = Clock::now() + bench.options.hold;
        co_await Until{bench.loop, end};
    }

    if (bench.options.callee_hangs_up) {
        // RFC 3261 15: the called side may send BYE only after it has the ACK.
        const auto caller_before = caller.line->seen.byes;
        const bool acked = co_await wait_for(bench, callee.line->seen.acks, before.acks + 1);
        if (!acked) bench.error("ACK: not received by the callee");
        auto* dialog_of_callee = &*callee.line->call;
        const bool ended = co_await hang_up(bench, callee.phone, caller.phone, dialog_of_callee,
                                            &caller.line->seen.byes, caller_before);
        if (!ended) co_return false;
        if (caller.line->seen.byes != caller_before + 1) bench.error("BYE: not received by the caller");
    } else {
        const bool ended =
            co_await hang_up(bench, caller.phone, callee.phone, &dialog, &callee.line->seen.byes, before.byes);
        if (!ended) co_return false;
        if (callee.line->seen.byes != before.byes + 1) bench.error("BYE: not received by the callee");
        const bool acked = co_await wait_for(bench, callee.line->seen.acks, before.acks + 1);
        if (!acked) bench.error("ACK: not received by the callee");
    }
    if (callee.line->seen.invites != before.invites + 1) bench.error("INVITE: not received exactly once");
    bench.tally.latencies["call"].record(Clock::now() - started - bench.options.hold);
    co_return true;
}

Task<bool> send_message(Bench& bench, End sender, End receiver)
{
    if (bench.options.floor) co_return co_await echo(bench, sender, 3);
    const auto started = Clock::now();
    auto dialog = to_somebody(bench, sender, receiver);
    const auto uri = dialog.remote_target;
    receiver.line->secrets = {dialog.call_id, dialog.local_tag, sender.phone->contact(*sender.line), "sotto-load"};
    const auto before = receiver.line->seen.messages;
    const std::string text = "The train leaves at nine from the second platform.";
    const std::string common = "Content-Type: text/plain\r\n";

    auto first = sender.phone->request("MESSAGE", dialog, common, text);
    const auto challenge = co_await sender.phone->exchange(std::move(first));
    if (!bench.expect(challenge, "MESSAGE", 407, 401)) co_return false;
    if (!take_challenge(bench, *sender.line, *challenge.answer)) co_return false;
    const auto extra = common + credentials_line(bench, *sender.line, "MESSAGE", uri);
    auto second = sender.phone->request("MESSAGE", dialog, extra, text);
    const auto answer = co_await sender.phone->exchange(std::move(second));
    if (!bench.expect(answer, "MESSAGE", 200, 202)) co_return false;
    if (receiver.line->seen.messages != before + 1) bench.error("MESSAGE: not received exactly once");
    bench.tally.latencies["message"].record(Clock::now() - started);
    co_return true;
}

Task<bool> shake_hands(Bench& bench, End end)
{
    auto& [phone, line] = end;
    const auto started = Clock::now();
    const auto source = bench.next_connection() / bench.options.connections_per_source;
    phone->change_source(source_address(source));
    const auto failure = co_await phone->connect();
    if (!failure.empty()) {
        bench.error(join("connection: ", failure));
        co_return false;
    }
    bench.tally.latencies["handshake"].record(Clock::now() - started);
    const auto contact = registered_contact(end, bench.options.expires);
    auto request = phone->request("REGISTER", line->registration, contact);
    const auto answer = co_await phone->exchange(std::move(request));
    phone->disconnect();
    if (bench.options.floor) {
        if (answer.answer) co_return true;
        bench.error(join("echo: ", answer.failure));
        co_return false;
    }
    if (!bench.expect(answer, "REGISTER", 401)) co_return false;
    bench.tally.latencies["handshake and 401"].record(Clock::now() - started);
    co_return true;
}

Task<bool> echo(Bench& bench, End end, int messages)
{
    const auto contact = join("Contact: <", end.phone->contact(*end.line), ">\r\n", allowed_methods);
    for (int i = 0; i < messages; ++i) {
        const auto started = Clock::now();
        auto request = end.phone->request("REGISTER", end.line->registration, contact);
        const auto answer = co_await end.phone->exchange(std::move(request));
        if (!answer.answer) {
            bench.error(join("echo: ", answer.failure));
            co_return false;
        }
        bench.tally.latencies["echo"].record(Clock::now() - started);
    }
    co_return true;
}

} // namespace sotto::load
