#include "element/world.hpp"

#include "core/routing/presentation.hpp"
#include "wire/framer.hpp"

#include <stdexcept>
#include <utility>

namespace sotto::test {
namespace {

std::string hex(std::span<const std::uint8_t> bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::string out;
    for (const auto byte : bytes) (out += digits[byte >> 4U]) += digits[byte & 15U];
    return out;
}

std::string quoted(std::string_view text, std::string_view name)
{
    const auto at = text.find(std::string{name} + "=\"");
    const auto from = at + name.size() + 2;
    return at == text.npos ? std::string{} : std::string{text.substr(from, text.find('"', from) - from)};
}

} // namespace

AccountId Accounts::add(std::string_view user, std::string_view domain)
{
    static const auto keys = crypto::ProcessKeys::create();
    crypto::OpenSslCryptography hash{keys};
    auto& entry = accounts_.emplace_back(Entry{std::string{user}, std::string{domain}, {}});
    entry.account.id = {accounts_.size()};
    entry.account.user = entry.user;
    entry.account.domain = entry.domain;
    entry.account.digest_secret = hash.sha256(entry.user + ":" + entry.domain + ":secret");
    return entry.account.id;
}

const Account* Accounts::find(std::string_view user, std::string_view domain) const
{
    for (const auto& entry : accounts_)
        if (entry.user == user && entry.domain == domain) return &entry.account;
    for (const auto& [id, further, of] : further_)
        if (further == user && of == domain) return find(id);
    return nullptr;
}

const Account* Accounts::find(AccountId id) const
{
    return id.value >= 1 && id.value <= accounts_.size() ? &accounts_[id.value - 1].account : nullptr;
}

CoreSettings World::defaults()
{
    CoreSettings settings;
    settings.domains = {{"example.org", {"sip.example.org"}}};
    settings.own_hosts = {"127.0.0.1:5061"};
    return settings;
}

World::World(CoreSettings chosen)
    : settings{std::make_shared<CoreSettings>(std::move(chosen))}, ring{std::make_shared<crypto::KeyRing>(now)},
      hash_ring{std::make_shared<crypto::KeyRing>(
          now, crypto::KeyRing::Times{.period = std::chrono::hours{24}, .kept = std::chrono::hours{1}})},
      cryptography{crypto::ProcessKeys::create(), hash_ring}, sealer{ring}, element{{.cryptography = &cryptography,
                                                                                     .sealer = &sealer,
                                                                                     .dialogs = &dialogs,
                                                                                     .anonymous_callers =
                                                                                         &anonymous_callers,
                                                                                     .failures = &failures,
                                                                                     .peer_calls = &peer_calls,
                                                                                     .push = &push,
                                                                                     .ledger = &ledger},
                                                                                    settings,
                                                                                    accounts}
{
    location.observe([this](BindingId device, const WorkerSet&) { element.binding_changed(device, now, actions_); });
    static const bool ready = [] {
        wire::initialise();
        return true;
    }();
    (void)ready;
}

FlowId World::connect(KeyedHash source)
{
    const auto id = FlowId::of(0, ++flows_);
    open_[id].id = id;
    open_[id].source = source;
    inbox_[id];
    return id;
}

FlowId World::provider(const std::vector<std::string>& names)
{
    const auto id = connect();
    open_[id].domains = names;
    for (const auto& name : names) domains[name] = id;
    element.opened(open_[id], now);
    return id;
}

void World::disconnect(FlowId id)
{
    auto flow = std::move(open_.at(id));
    open_.erase(id);
    for (const auto& binding : flow.bindings) location.flow_closed(binding.id, id);
    location.flow_ended(id);
    element.flow_closed(id, now, actions_);
    perform();
}

void World::send(FlowId from, std::string_view text, std::string_view body)
{
    std::string wire;
    for (const char c : text) wire += c == '\n' ? std::string{"\r\n"} : std::string{c};
    wire += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n";
    wire += body;
    if (!deliver(from, wire)) throw std::invalid_argument{"a test sent what cannot be answered: " + wire};
}

bool World::deliver(FlowId from, std::string_view bytes)
{
    wire::Framer framer;
    const auto frame = framer.next(bytes);
    const bool framed = frame.kind == wire::FrameKind::message;
    if (framed && frame.size != bytes.size()) throw std::invalid_argument{"a test sent more than one message"};
    auto message = framed ? wire::parse(bytes, frame) : wire::parse(bytes);
    if (!message) return false;
    auto& flow = open_.at(from);
    if (no_moment && element.turn_of(*message) != Turn::at_once)
        element.refuse(flow, *message, actions_);
    else
        element.received(flow, std::move(message), now, actions_);
    perform();
    return true;
}

void World::record(bool durable)
{
    for (auto& [call, recorded] : std::exchange(ledger.waiting, {})) {
        if (!durable) ledger.open.erase(call.dialog);
        recorded(durable);
    }
    perform();
}

std::string World::receive(FlowId phone)
{
    auto& queue = inbox_.at(phone);
    if (queue.empty()) {
        std::string all{"nothing was received"};
        for (const auto& [flow, messages] : inbox_)
            for (const auto& message : messages) all += "\nwaiting elsewhere: " + start_line(message);
        throw std::logic_error{all};
    }
    auto message = std::move(queue.front());
    queue.pop_front();
    return message;
}

void World::cannot_wake(Ticket ticket)
{
    element.not_woken(ticket, now, actions_);
    perform();
}

void World::pass(milliseconds time)
{
    const auto end = now + time;
    for (;;) {
        const auto next = element.next_deadline();
        if (next > end) break;
        now = std::max(now, next);
        element.on_deadline(now, actions_);
        perform();
    }
    now = end;
    location.expire(now);
    anonymous_callers.expire(now);
    push.pass(now, [this](const auto&) { ++renewed; });
    perform();
}

void World::ways_are_found()
{
    for (const auto& wanted : std::exchange(ways_, {})) find_way(wanted);
    perform();
}

void World::find_way(const Connect& wanted)
{
    const auto known = domains.find(wanted.to.host);
    auto flow = known != domains.end() ? known->second : FlowId{};
    if (std::ranges::count(wanted.instead_of, flow) != 0) flow = {}; // each name has one host
    element.connected(wanted.ticket, flow, now, actions_);
}

void World::perform()
{
    for (std::size_t i = 0; i < actions_.size(); ++i) {
        auto action = std::move(actions_[i]);
        if (auto* send = std::get_if<Send>(&action)) {
            if (open_.contains(send->flow)) {
                inbox_[send->flow].push_back(std::move(send->bytes));
                if (send->wanted) element.wanted(send->flow, now);
            } else if (send->ticket.value != 0)
                element.undeliverable(send->ticket, std::move(send->bytes), now, actions_);
        } else if (auto* look_up = std::get_if<LookUp>(&action)) {
            location.look_up(look_up->aor, now, [&](Located located) {
                element.located(look_up->ticket, std::move(located), now, actions_);
            });
        } else if (auto* commit = std::get_if<Commit>(&action)) {
            location.commit(commit->aor, std::move(commit->bindings), now, [&](bool accepted) {
                const auto flow = open_.find(commit->flow);
                element.committed(commit->ticket, flow == open_.end() ? nullptr : &flow->second, accepted, now,
                                  actions_);
            });
        } else if (auto* block = std::get_if<Block>(&action)) {
            if (!disk_full) accounts->blocked.insert({block->account, block->pseudonym});
            element.blocked(block->ticket, !disk_full, now, actions_);
        } else if (auto* connect = std::get_if<Connect>(&action)) {
            connects.push_back(text_of(connect->to));
            speaks.push_back(connect->own);
            if (ways_wait)
                ways_.push_back(std::move(*connect));
            else
                find_way(*connect);
        } else if (auto* report = std::get_if<Report>(&action)) {
            reports.push_back(report->route);
        } else if (auto* close = std::get_if<CloseFlow>(&action)) {
            closed.push_back(close->flow);
        } else if (auto* find = std::get_if<Find>(&action)) {
            const auto found = [&](std::vector<Binding> flows) {
                element.found(find->ticket, std::move(flows), now, actions_);
            };
            if (find->in_dialog)
                location.find_in_dialog(find->id, now, found);
            else
                location.find(find->id, now, found);
        } else if (auto* unbind = std::get_if<Unbind>(&action)) {
            location.flow_failed(unbind->device, unbind->flow, unbind->reg_id);
        } else if (auto* wake = std::get_if<Wake>(&action)) {
            woken.push_back(std::move(*wake));
        } else if (auto* watch = std::get_if<Watch>(&action)) {
            location.watch(watch->device, 0, watch->on);
        } else if (auto* registered = std::get_if<Woken>(&action)) {
            element.woken(registered->ticket, now, actions_);
        } else if (auto* record = std::get_if<RecordCall>(&action)) {
            ledger.answered(std::move(*record->call), [this, ticket = record->ticket](bool durable) {
                element.recorded(ticket, durable, now, actions_);
            });
        } else if (auto* alive = std::get_if<CallAlive>(&action)) {
            ledger.alive(alive->dialog);
        } else if (auto* ended = std::get_if<CallEnded>(&action)) {
            ledger.ended(ended->dialog, ended->ago);
        }
    }
    actions_.clear();
}

std::string World::credentials(std::string_view response, std::string_view user, std::string_view method,
                               std::string_view uri)
{
    const bool proxy = start_line(response).find("407") != std::string::npos;
    const auto challenge = header(response, proxy ? "Proxy-Authenticate" : "WWW-Authenticate");
    const auto nonce = quoted(challenge, "nonce");
    const auto realm = quoted(challenge, "realm");
    const auto hash = [&](const std::string& text) { return hex(cryptography.sha256(text)); };
    const auto a1 = hash(std::string{user} + ":" + realm + ":secret");
    const auto a2 = hash(std::string{method} + ":" + std::string{uri});
    const auto answer = hash(a1 + ":" + nonce + ":00000001:abc:auth:" + a2);
    return std::string{proxy ? "Proxy-Authorization" : "Authorization"} + ": Digest username=\"" + std::string{user} +
           "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + std::string{uri} + "\", response=\"" +
           answer + "\", algorithm=SHA-256, qop=auth, nc=00000001, cnonce=\"abc\"\n";
}

RelayReply World::asks_for_relay(FlowId flow, const RelayRequest& request)
{
    auto reply = element.relay_credentials(open_.at(flow), request, now, seconds{1'000'000}, actions_);
    perform();
    return reply;
}

FlowId World::phone(const std::string& user)
{
    if (accounts->find(user, "example.org") == nullptr) accounts->add(user, "example.org");
    const auto flow = connect();
    const auto request = [&](int cseq, const std::string& extra) {
        return "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKreg" + user +
               std::to_string(cseq) + "\nMax-Forwards: 70\nFrom: <sip:" + user +
               "@example.org>;tag=reg\nTo: <sip:" + user + "@example.org>\nCall-ID: reg-" + user +
               "\nCSeq: " + std::to_string(cseq) + " REGISTER\nContact: <sip:" + user +
               "-device@192.0.2.1:5555;transport=tls>\n" + extra;
    };
    send(flow, request(1, ""));
    send(flow, request(2, credentials(receive(flow), user, "REGISTER", "sip:example.org")));
    if (start_line(receive(flow)) != "SIP/2.0 200 OK") throw std::logic_error{"not registered"};
    return flow;
}

std::string World::registers(FlowId flow, const std::string& user, const Register& what)
{
    if (accounts->find(user, "example.org") == nullptr) accounts->add(user, "example.org");
    const auto request = [&](const std::string& credentials) {
        const auto number = std::to_string(++registers_);
        return "REGISTER sip:example.org SIP/2.0\nVia: SIP/2.0/TLS host.invalid;branch=z9hG4bKregister" + number +
               "\n" + what.more_vias + "Max-Forwards: 70\nFrom: <sip:" + user +
               "@example.org>;tag=reg\nTo: <sip:" + user + "@example.org>\nCall-ID: " + what.call_id +
               "\nCSeq: " + number + " REGISTER\n" +
               (what.contact.empty() ? std::string{} : "Contact: " + what.contact + "\n") + what.extra + credentials;
    };
    inbox_.at(flow).clear();
    send(flow, request(""));
    auto response = receive(flow);
    if (start_line(response).find("401") == std::string::npos) return response;
    send(flow, request(credentials(response, user, "REGISTER", "sip:example.org")));
    return receive(flow);
}

std::string header(std::string_view message, std::string_view name)
{
    const auto wanted = "\r\n" + std::string{name} + ": ";
    const auto head = message.substr(0, message.find("\r\n\r\n") + 2);
    const auto at = head.find(wanted);
    if (at == head.npos) return {};
    const auto from = at + wanted.size();
    return std::string{head.substr(from, head.find("\r\n", from) - from)};
}

std::string start_line(std::string_view message) { return std::string{message.substr(0, message.find("\r\n"))}; }

std::string uri_in(std::string_view value)
{
    const auto open = value.find('<');
    return std::string{value.substr(open + 1, value.find('>') - open - 1)};
}

std::string tag_in(std::string_view value)
{
    const auto at = value.find(";tag=");
    return at == value.npos ? std::string{} : std::string{value.substr(at + 5, value.find(';', at + 5) - at - 5)};
}

} // namespace sotto::test
