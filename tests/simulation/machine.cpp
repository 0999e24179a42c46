#include "simulation/machine.hpp"

#include "wire/framer.hpp"
#include "wire/parse.hpp"

namespace sotto::simulation {
namespace {

constexpr std::uint16_t most_workers = 3;
constexpr milliseconds longest_way{80};    ///< of a message through the network
constexpr milliseconds longest_answer{40}; ///< of the location service or the store

} // namespace

AccountId Accounts::add(std::string user, bool withhold)
{
    static crypto::OpenSslCryptography hash{crypto::ProcessKeys::create()};
    auto& entry = entries_.emplace_back(Entry{std::move(user), {}});
    entry.account.id = {entries_.size()};
    entry.account.user = entry.user;
    entry.account.domain = "example.org";
    entry.account.withhold_identity = withhold;
    entry.account.digest_secret = hash.sha256(entry.user + ":example.org:secret");
    return entry.account.id;
}

const Account* Accounts::find(std::string_view user, std::string_view domain) const
{
    for (const auto& entry : entries_)
        if (entry.user == user && domain == "example.org") return &entry.account;
    return nullptr;
}

const Account* Accounts::find(AccountId id) const
{
    return id.value >= 1 && id.value <= entries_.size() ? &entries_[id.value - 1].account : nullptr;
}

Machine::Machine(Schedule& schedule, Chance& chance, std::shared_ptr<Accounts> accounts)
    : schedule_{schedule}, chance_{chance}, accounts_{std::move(accounts)}
{
    CoreSettings settings;
    settings.domains = {{"example.org", {}}};
    settings.own_hosts = {"127.0.0.1:5061"};
    settings_ = std::make_shared<CoreSettings>(std::move(settings));
    restart(false);
}

Machine::~Machine() = default;

void Machine::start_workers()
{
    const auto count = static_cast<std::uint16_t>(1 + chance_.below(most_workers));
    workers_.clear();
    for (std::uint16_t index = 0; index < count; ++index) {
        Worker worker;
        worker.cryptography = std::make_unique<crypto::OpenSslCryptography>(keys_);
        worker.sealer = std::make_unique<crypto::EpochSealer>(ring_);
        worker.element = std::make_unique<Element>(Element::Parts{.worker = index,
                                                                  .workers = count,
                                                                  .cryptography = worker.cryptography.get(),
                                                                  .sealer = worker.sealer.get(),
                                                                  .dialogs = dialogs_.get(),
                                                                  .anonymous_callers = anonymous_callers_.get(),
                                                                  .failures = failures_.get(),
                                                                  .peer_calls = &peer_calls_,
                                                                  .push = push_.get()},
                                                   settings_, accounts_);
        workers_.push_back(std::move(worker));
    }
}

void Machine::restart(bool keys_handed_over)
{
    ++process_;
    workers_.clear();
    auto gone = std::move(connections_);
    connections_.clear();
    if (!keys_handed_over) {
        keys_ = crypto::ProcessKeys::create();
        ring_ = std::make_shared<crypto::KeyRing>(schedule_.now());
        dialogs_ = std::make_unique<location::SharedDialogMemory>();
    }
    anonymous_callers_ = std::make_unique<location::MemoryAnonymousCallers>();
    failures_ = std::make_unique<auth::FailureLimits>(0);
    push_ = std::make_unique<location::PushMemory>();
    location_ = std::make_unique<location::MemoryLocationService>();
    start_workers();
    location_->observe([this](BindingId device, const WorkerSet& workers) {
        for (std::uint16_t index = 0; index < workers_.size(); ++index)
            if (workers.test(index))
                later([this, index, device] {
                    call(index, [&](Element& element, Actions& out) {
                        element.binding_changed(device, schedule_.now(), out);
                    });
                });
    });
    for (auto& [id, connection] : gone) connection.peer->lost();
}

FlowId Machine::connect(Peer& peer)
{
    const auto worker = static_cast<std::uint16_t>(chance_.below(workers_.size()));
    const auto id = FlowId::of(worker, ++serial_);
    auto& connection = connections_[id];
    connection.flow.id = id;
    connection.peer = &peer;
    return id;
}

void Machine::close(FlowId id)
{
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto connection = std::move(found->second);
    connections_.erase(found);
    for (const auto& binding : connection.flow.bindings) location_->flow_closed(binding.id, id);
    for (std::uint16_t index = 0; index < workers_.size(); ++index)
        call(index, [&](Element& element, Actions& out) { element.flow_closed(id, schedule_.now(), out); });
    connection.peer->lost();
}

void Machine::send(FlowId id, std::string bytes)
{
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    auto& last = found->second.last_in;
    last = std::max(last, schedule_.now() + chance_.up_to(longest_way));
    schedule_.at(last, [this, id, bytes = std::move(bytes)] { arrive(id, bytes); });
}

void Machine::arrive(FlowId id, const std::string& bytes)
{
    const auto found = connections_.find(id);
    if (found == connections_.end()) return;
    ++messages_;
    auto message = wire::parse(bytes);
    require(message != nullptr, "a phone of this simulation sends messages: " + bytes);
    call(id.worker(), [&](Element& element, Actions& out) {
        element.received(found->second.flow, std::move(message), schedule_.now(), out);
    });
}

void Machine::later(std::function<void()> event)
{
    const auto delay = chance_.one_in(2) ? milliseconds{0} : chance_.up_to(longest_answer);
    schedule_.after(delay, [this, process = process_, event = std::move(event)] {
        if (process == process_) event();
    });
}

void Machine::perform(std::uint16_t worker, Actions actions)
{
    for (auto& action : actions) perform_one(worker, action);
}

void Machine::perform_one(std::uint16_t worker, Action& action)
{
    if (auto* send = std::get_if<Send>(&action)) {
        const auto found = connections_.find(send->flow);
        if (found == connections_.end()) {
            if (send->ticket.value == 0) return;
            later([this, worker, ticket = send->ticket, bytes = std::move(send->bytes)] {
                call(worker, [&](Element& element, Actions& out) {
                    element.undeliverable(ticket, bytes, schedule_.now(), out);
                });
            });
            return;
        }
        ++messages_;
        auto& last = found->second.last_out;
        last = std::max(last, schedule_.now() + chance_.up_to(longest_way));
        schedule_.at(last, [this, id = send->flow, bytes = std::move(send->bytes)] {
            const auto to = connections_.find(id);
            if (to != connections_.end()) to->second.peer->received(bytes);
        });
    } else if (auto* look_up = std::get_if<LookUp>(&action)) {
        later([this, worker, ask = *look_up] {
            location_->look_up(ask.aor, schedule_.now(), [&](Located located) {
                call(worker, [&](Element& element, Actions& out) {
                    element.located(ask.ticket, std::move(located), schedule_.now(), out);
                });
            });
        });
    } else if (auto* commit = std::get_if<Commit>(&action)) {
        later([this, worker, ask = std::move(*commit)] {
            location_->commit(ask.aor, ask.bindings, schedule_.now(), [&](bool accepted) {
                const auto found = connections_.find(ask.flow);
                auto* flow = found == connections_.end() ? nullptr : &found->second.flow;
                if (flow == nullptr && accepted)
                    for (const auto& binding : ask.bindings.bindings)
                        if (binding.flow == ask.flow) location_->flow_closed(binding.id, ask.flow);
                call(worker, [&](Element& element, Actions& out) {
                    element.committed(ask.ticket, flow, accepted, schedule_.now(), out);
                });
            });
        });
    } else if (auto* find = std::get_if<Find>(&action)) {
        later([this, worker, ask = *find] {
            location_->find(ask.id, schedule_.now(), [&](std::vector<Binding> flows) {
                call(worker, [&](Element& element, Actions& out) {
                    element.found(ask.ticket, std::move(flows), schedule_.now(), out);
                });
            });
        });
    } else if (auto* block = std::get_if<Block>(&action)) {
        later([this, worker, ask = *block] {
            accounts_->block(ask.account, ask.pseudonym);
            call(worker,
                 [&](Element& element, Actions& out) { element.blocked(ask.ticket, true, schedule_.now(), out); });
        });
    } else if (auto* handed = std::get_if<HandOver>(&action)) {
        const auto to = handed->worker;
        auto shared = std::make_shared<HandOver>(std::move(*handed)); // a std::function must be copyable
        later([this, to, shared] {
            call(to, [&](Element& element, Actions& out) {
                element.handed_over(std::move(*shared), schedule_.now(), out);
            });
        });
    } else if (auto* watch = std::get_if<Watch>(&action)) {
        location_->watch(watch->device, worker, watch->on);
    } else if (auto* unbind = std::get_if<Unbind>(&action)) {
        location_->flow_failed(unbind->device, unbind->flow, unbind->reg_id);
    } else if (auto* woken = std::get_if<Woken>(&action)) {
        later([this, ask = *woken] {
            call(ask.worker, [&](Element& element, Actions& out) { element.woken(ask.ticket, schedule_.now(), out); });
        });
    } else if (auto* closing = std::get_if<CloseFlow>(&action)) {
        later([this, id = closing->flow] { close(id); });
    }
}

TimePoint Machine::next_deadline() const
{
    auto next = TimePoint::max();
    for (const auto& worker : workers_) next = std::min(next, worker.element->next_deadline());
    return next;
}

void Machine::on_deadline()
{
    const auto now = schedule_.now();
    for (std::uint16_t index = 0; index < workers_.size(); ++index)
        if (workers_[index].element->next_deadline() <= now)
            call(index, [&](Element& element, Actions& out) { element.on_deadline(now, out); });
    location_->expire(now);
    anonymous_callers_->expire(now);
    if (ring_->rotate(now))
        for (auto& worker : workers_) worker.sealer->refresh();
}

void Machine::require_idle() const
{
    for (const auto& worker : workers_) {
        const auto& counters = worker.element->counters();
        require(worker.element->idle(), "a transaction did not end: " + std::to_string(counters.server_transactions) +
                                            " server and " + std::to_string(counters.client_transactions) +
                                            " client transactions are left");
        require(worker.element->next_deadline() == TimePoint::max(), "a timer is left of a transaction that ended");
    }
}

} // namespace sotto::simulation
