#include "net/worker.hpp"

#include "net/source.hpp"

namespace sotto::net {

namespace {

/// How long what a message left on the stack may stay there: seldom enough to cost nothing, also with many messages.
constexpr milliseconds stack_wiped_after{200};

// A worker that works for long between any two moments in which it waits for something is behind with what has arrived:
// after half a hundred messages the next ones are there before it has done with these. What is in the kernel's queues
// cannot be counted, and how late a timer comes says little: the loop takes a hundred sockets at a time and then looks
// at the clock. Handshakes do not count: they have a limit of their own.
constexpr milliseconds pulse{50};
constexpr milliseconds long_without_waiting{2};

// Newcomers get a small part of a busy worker's time. They are begun faster than they can be ended otherwise, and a
// call costs a third more where thousands of others are in progress with it, since nothing of it is in the processor's
// caches any more when its next message has its turn.
constexpr int newcomers_part = 16;
constexpr int refusals_per_turn = 16;

} // namespace

Worker::Worker(Parts parts)
    : cryptography_{std::move(parts.cryptography)}, sealer_{std::move(parts.sealer)},
      location_{std::move(parts.location)}, dialogs_{std::move(parts.dialogs)},
      anonymous_callers_{std::move(parts.anonymous_callers)}, block_{std::move(parts.block)},
      failures_{std::move(parts.failures)}, peer_calls_{std::move(parts.peer_calls)}, push_{std::move(parts.push)},
      wake_{std::move(parts.wake)}, ledger_{std::move(parts.ledger)}, admission_{std::move(parts.admission)},
      index_{parts.index}, element_{Element::Parts{.worker = parts.index,
                                                   .workers = parts.workers,
                                                   .cryptography = cryptography_.get(),
                                                   .sealer = sealer_.get(),
                                                   .dialogs = dialogs_.get(),
                                                   .anonymous_callers = anonymous_callers_.get(),
                                                   .failures = failures_.get(),
                                                   .peer_calls = peer_calls_.get(),
                                                   .push = push_.get(),
                                                   .ledger = ledger_.get()},
                                    std::move(parts.settings), std::move(parts.accounts)},
      connections_{loop_.context(), parts.index, *this, std::move(parts.identities), std::move(parts.limits)},
      outside_{loop_.context(), *this, connections_, std::move(parts.on_no_way)}, outside_identities_{std::move(
                                                                                      parts.outside)},
      on_report_{std::move(parts.on_report)}, entrance_{
                                                  loop_.context(),
                                                  *this,
                                                  *admission_,
                                                  [this](Socket socket, const Endpoint& from, Transport transport) {
                                                      return take(std::move(socket), from, transport, nullptr);
                                                  },
                                                  [this] { return connections_.make_room(); },
                                                  parts.on_accept_failure},
      outer_entrance_{loop_.context(),
                      *this,
                      *admission_,
                      [this](Socket socket, const Endpoint& from, Transport transport) {
                          // After a reload without routes nobody comes in this way.
                          return outside_identities_ && take(std::move(socket), from, transport, outside_identities_);
                      },
                      [this] { return connections_.make_room(); },
                      parts.on_accept_failure},
      all_{this}
{
    outside_.use(outside_identities_);
}

Worker::~Worker()
{
    stop();
    join();
}

void Worker::meet(std::vector<Worker*> all)
{
    all_ = std::move(all);
    loop_.follow(all_.front()->loop_);
}

void Worker::start()
{
    post_burst([this] {
        entrance_.open();
        outer_entrance_.open();
    });
    loop_.start("worker-" + std::to_string(index_));
}

template <class Work> void Worker::post_burst(Work work)
{
    post([this, work = std::move(work)]() mutable {
        begin();
        work();
        end();
    });
}

void Worker::use(std::shared_ptr<const CoreSettings> settings)
{
    post([this, settings = std::move(settings)]() mutable { element_.use(std::move(settings)); });
}
void Worker::use(std::shared_ptr<const AccountDirectory> accounts)
{
    post([this, accounts = std::move(accounts)]() mutable { element_.use(std::move(accounts)); });
}
void Worker::use(std::shared_ptr<const Identities> identities, std::shared_ptr<const Identities> outside)
{
    post([this, identities = std::move(identities), outside = std::move(outside)]() mutable {
        connections_.use(std::move(identities));
        outside_identities_ = std::move(outside);
        outside_.use(outside_identities_);
    });
}
void Worker::use(std::shared_ptr<const ConnectionLimits> limits)
{
    post([this, limits = std::move(limits)]() mutable { connections_.use(std::move(limits)); });
}

void Worker::use(std::shared_ptr<Tap> tap)
{
    post([this, tap = std::move(tap)]() mutable { tap_ = std::move(tap); });
}

void Worker::count(std::function<void(const WorkerCounters&)> done)
{
    post([this, done = std::move(done)] {
        done({.connections = connections_.counters(),
              .refused_sources = refused_sources_,
              .element = element_.counters(),
              .dropped_headers = element_.dropped_headers(),
              .refusals = element_.refusals(),
              .bursts = bursts_,
              .handshakes = connections_.handshake_times(),
              .answers = element_.answer_times()});
    });
}

void Worker::binding_changed(BindingId device)
{
    post_burst([this, device] { element_.binding_changed(device, now_, actions_); });
}

void Worker::look_for(std::vector<FlowId> flows, std::function<void(std::vector<FlowId>)> done)
{
    post([this, flows = std::move(flows), done = std::move(done)]() mutable {
        std::erase_if(flows, [this](FlowId flow) { return connections_.find(flow) == nullptr; });
        done(std::move(flows));
    });
}

void Worker::refuse_calls()
{
    post([this] { element_.drain(); });
}

void Worker::drain(std::function<void()> done)
{
    post_burst([this, done = std::move(done)]() mutable {
        drained_ = std::move(done);
        entrance_.close();
        outer_entrance_.close();
        element_.drain();
    });
}

void Worker::end_calls()
{
    post_burst([this] { element_.end_calls(now_, actions_); });
}

void Worker::close_flows(std::function<void()> done)
{
    post_burst([this, done = std::move(done)]() mutable {
        closed_ = std::move(done);
        connections_.close_all();
    });
}

// ---- bursts

void Worker::begin()
{
    in_burst_ = true;
    burst_began_ = Clock::now();
    now_ = std::chrono::time_point_cast<milliseconds>(burst_began_);
    connections_.begins(now_);
}

void Worker::end()
{
    bool other_deadlines = false;
    do {
        perform_all();
        take_stock();
        other_deadlines = connections_.settle();
    } while (!actions_.empty());
    if (other_deadlines) arm_timer();
    if (std::exchange(heard_, false)) bursts_.record(Clock::now() - burst_began_);
    in_burst_ = false;
    tell_progress();
}

/// Before anything is written: whoever a write wakes on this machine may be given this core in the middle of it, and
/// what is left to do then finds the caches cold.
void Worker::take_stock()
{
    set_pulse();
    wipe();
    arm_timer();
}

void Worker::wipe()
{
    connections_.wipe();
    if (now_ >= wipe_stack_at_) {
        loop_.wipe(); // from the loop itself: below this frame would not be below all of them
        wipe_stack_at_ = TimePoint::max();
    } else if (heard_) {
        wipe_stack_at_ = std::min(wipe_stack_at_, now_ + stack_wiped_after);
    }
}

void Worker::tell_progress()
{
    if (drained_ && element_.idle() && newcomers_.empty()) std::exchange(drained_, nullptr)();
    if (closed_ && connections_.size() == 0) std::exchange(closed_, nullptr)();
}

std::chrono::microseconds Worker::worked_for_messages() const { return loop_.worked() - loop_.worked_for_handshakes(); }

void Worker::set_pulse()
{
    const bool busy = heard_ || behind_ || loop_.worked_for_handshakes() != before_pulse_.for_handshakes;
    if (pulse_at_ != TimePoint::max() || !busy) return;
    pulse_at_ = now_ + pulse;
    before_pulse_ = loop_.usage();
}

void Worker::take_pulse()
{
    if (pulse_at_ > now_) return;
    const auto period = pulse + (now_ - pulse_at_);
    pulse_at_ = TimePoint::max();
    const auto usage = loop_.usage();
    const auto worked = usage.worked - before_pulse_.worked;
    const auto waited = usage.waited - before_pulse_.waited;
    const auto for_messages = worked - (usage.for_handshakes - before_pulse_.for_handshakes);
    behind_ = for_messages > long_without_waiting * (waited + 1);
    loop_.look(worked, period, behind_, now_);
}

void Worker::arm_timer()
{
    const auto next = std::min({element_.next_deadline(), connections_.next_deadline(), entrance_.next_deadline(),
                                outer_entrance_.next_deadline(), wipe_stack_at_, pulse_at_});
    if (next >= armed_) return; // it wakes early enough, and then looks again
    armed_ = std::max(next, now_ + milliseconds{1});
    timer_.expires_at(armed_);
    timer_.async_wait([this](error_code error) {
        if (!error) on_timer();
    });
}

void Worker::on_timer()
{
    armed_ = TimePoint::max();
    begin();
    take_pulse();
    connections_.on_deadline(now_);
    entrance_.on_deadline(now_);
    outer_entrance_.on_deadline(now_);
    if (element_.next_deadline() <= now_) element_.on_deadline(now_, actions_);
    end();
}

// ---- events

bool Worker::take(Socket socket, const Endpoint& from, Transport transport,
                  const std::shared_ptr<const Identities>& outside)
{
    const auto source = source_of(from.address(), *cryptography_);
    if (!admission_->enter(source)) {
        ++refused_sources_;
        return false;
    }
    const bool begun = connections_.accept(std::move(socket), source, transport, outside);
    if (!begun) admission_->forget(source);
    return begun;
}

void Worker::received(Flow& flow, MessagePtr message)
{
    heard_ = true;
    if (tap_) tap_->received(flow, *message, now_);
    if (flow.foreign()) offer_for_reuse(flow, *message);
    if (!waits(flow, message)) element_.received(flow, std::move(message), now_, actions_);
}

/// Whether the message was taken, to be served when its turn comes.
bool Worker::waits(Flow& flow, MessagePtr& message)
{
    if (!behind_ && newcomers_.empty()) return false;
    if (message->method == Method::cancel && !message->defect)
        if (auto meant = newcomers_.meant_by(*message, flow.id))
            element_.received(flow, std::move(meant), now_, actions_);
    const auto turn = element_.turn_of(*message);
    if (turn == Turn::at_once) return false;
    if (!newcomers_.wait(turn, flow.id, message, worked_for_messages()))
        element_.refuse(flow, *message, actions_);
    else
        await_turn();
    return true;
}

/// Until then the loop serves once whatever is ready.
void Worker::await_turn()
{
    if (std::exchange(turn_awaited_, true)) return;
    worked_before_turn_ = loop_.worked();
    post([this] { turn_to_newcomers(); });
}

void Worker::turn_to_newcomers()
{
    turn_awaited_ = false;
    const auto began = loop_.worked();
    const auto enough = began + (began - worked_before_turn_) / newcomers_part;
    begin();
    for (int i = 0; i < refusals_per_turn; ++i) {
        const auto late = newcomers_.overdue(worked_for_messages());
        if (!late) break;
        connections_.resume(late->flow, [&](const Flow& flow) { element_.refuse(flow, *late->request, actions_); });
    }
    do {
        auto next = newcomers_.next();
        if (!next) break;
        connections_.resume(next->flow,
                            [&](Flow& flow) { element_.received(flow, std::move(next->request), now_, actions_); });
    } while (loop_.worked() < enough);
    end();
    if (!newcomers_.empty()) await_turn();
}

RelayReply Worker::asked(Flow& flow, const RelayRequest& request)
{
    heard_ = true;
    const auto time = std::chrono::system_clock::now().time_since_epoch();
    return element_.relay_credentials(flow, request, now_, std::chrono::duration_cast<seconds>(time), actions_);
}

void Worker::ended(const Flow& flow, std::uint64_t asked_by)
{
    // Half a message may have come before its end: nothing was heard, and yet the stack holds pieces of it.
    wipe_stack_at_ = std::min(wipe_stack_at_, now_ + stack_wiped_after);
    for (const auto& binding : flow.bindings) location_->flow_closed(binding.id, flow.id);
    location_->flow_ended(flow.id);
    for (std::size_t i = 0; i < all_.size(); ++i) {
        if ((asked_by >> (i % 64U) & 1U) == 0) continue;
        if (all_[i] == this)
            element_.flow_closed(flow.id, now_, actions_);
        else
            all_[i]->post_burst([to = all_[i], id = flow.id] { to->element_.flow_closed(id, to->now_, to->actions_); });
    }
    if (!flow.foreign()) return;
    for (auto* worker : all_) // whichever has it as the way to a domain
        if (worker == this)
            outside_.ended(flow.id);
        else
            worker->post_burst([worker, id = flow.id] { worker->outside_.ended(id); });
}

void Worker::dialled(FlowId id, std::optional<WayFailure> failure)
{
    if (const auto* flow = failure ? nullptr : connections_.find(id); flow != nullptr) element_.opened(*flow, now_);
    outside_.dialled(id, failure);
}

/// RFC 5923 5: `alias` in the topmost Via; the domain has proved itself on this connection.
void Worker::offer_for_reuse(Flow& flow, const Message& request)
{
    if (flow.offered || !request.is_request || !find_param(request.vias.front().params, "alias")) return;
    flow.offered = true;
    element_.opened(flow, now_); // and asked whether it lives, like one that we made
    const auto proves = connections_.proven_by_us(flow.id);
    for (const auto& domain : flow.domains) {
        auto& home = home_of(domain);
        home.post_burst([&home, domain, id = flow.id, proves] { home.outside_.reuse(domain, id, proves); });
    }
}

Worker& Worker::home_of(std::string_view domain) { return *all_[std::hash<std::string_view>{}(domain) % all_.size()]; }

// ---- actions

void Worker::perform_all()
{
    heard_ = heard_ || !actions_.empty();
    // By index: what is performed may append.
    for (std::size_t i = 0; i < actions_.size(); ++i) {
        auto action = std::move(actions_[i]);
        std::visit([this](auto& one) { perform(one); }, action);
    }
    actions_.clear();
}

void Worker::perform(Send& send)
{
    const auto owner = send.flow.worker();
    if (owner == index_ || owner >= all_.size()) return deliver(std::move(send), index_);
    all_[owner]->post_burst(
        [to = all_[owner], asker = index_, send = std::move(send)]() mutable { to->deliver(std::move(send), asker); });
}

void Worker::deliver(Send send, std::uint16_t asker)
{
    if (tap_)
        if (const auto* flow = connections_.find(send.flow)) tap_->sent(*flow, send.bytes, now_);
    if (connections_.send(send.flow, send.bytes)) {
        if (send.awaits) connections_.awaits_answer(send.flow, asker);
        if (send.wanted) element_.wanted(send.flow, now_);
        return;
    }
    if (send.ticket.value == 0) return;
    if (asker == index_) return element_.undeliverable(send.ticket, std::move(send.bytes), now_, actions_);
    all_[asker]->post_burst([to = all_[asker], ticket = send.ticket, bytes = std::move(send.bytes)]() mutable {
        to->element_.undeliverable(ticket, std::move(bytes), to->now_, to->actions_);
    });
}

template <class Tell> void Worker::answer(Tell tell)
{
    if (in_burst_) return tell(); // an answer at once: the loop that asked performs what follows
    begin();
    tell();
    end();
}

void Worker::perform(LookUp& look_up)
{
    location_->look_up(look_up.aor, now_, [this, ticket = look_up.ticket](Located located) {
        answer([&] { element_.located(ticket, std::move(located), now_, actions_); });
    });
}

void Worker::perform(Commit& commit)
{
    // A flow that ended meanwhile must not leave its bindings behind (RFC 5626 7).
    std::vector<BindingId> over_flow;
    for (const auto& binding : commit.bindings.bindings)
        if (binding.flow == commit.flow) over_flow.push_back(binding.id);
    location_->commit(
        commit.aor, std::move(commit.bindings), now_,
        [this, ticket = commit.ticket, id = commit.flow, over_flow = std::move(over_flow)](bool accepted) {
            answer([&] {
                auto* flow = connections_.find(id);
                if (flow == nullptr && accepted)
                    for (const auto binding : over_flow) location_->flow_closed(binding, id);
                element_.committed(ticket, flow, accepted, now_, actions_);
                connections_.wait_anew(id);
            });
        });
}

void Worker::perform(Find& find)
{
    const auto found = [this, ticket = find.ticket](std::vector<Binding> flows) {
        answer([&] { element_.found(ticket, std::move(flows), now_, actions_); });
    };
    if (find.in_dialog)
        location_->find_in_dialog(find.id, now_, found);
    else
        location_->find(find.id, now_, found);
}

void Worker::perform(Block& block)
{
    const auto tell = [this, ticket = block.ticket](bool stored) {
        post_burst([this, ticket, stored] { element_.blocked(ticket, stored, now_, actions_); });
    };
    if (block_)
        block_(block.account, block.pseudonym, tell);
    else
        tell(false);
}

void Worker::perform(RecordCall& record)
{
    ledger_->answered(std::move(*record.call), [this, ticket = record.ticket](bool durable) {
        {
            const std::lock_guard lock{recorded_mutex_};
            recorded_.push_back({ticket, durable});
            if (std::exchange(takes_recorded_, true)) return;
        }
        try {
            post_burst([this] { take_recorded(); });
        } catch (...) { // no memory: with the next one
            const std::lock_guard lock{recorded_mutex_};
            takes_recorded_ = false;
            throw;
        }
    });
}

void Worker::take_recorded()
{
    std::vector<Recorded> recorded;
    {
        const std::lock_guard lock{recorded_mutex_};
        recorded.swap(recorded_);
        takes_recorded_ = false;
    }
    for (const auto& [ticket, durable] : recorded) element_.recorded(ticket, durable, now_, actions_);
}

void Worker::perform(HandOver& hand_over)
{
    if (hand_over.worker >= all_.size()) return;
    auto* to = all_[hand_over.worker];
    to->post_burst([to, handed = std::move(hand_over)]() mutable {
        to->element_.handed_over(std::move(handed), to->now_, to->actions_);
    });
}

void Worker::perform(Wake& wake)
{
    const auto failed = [this, ticket = wake.ticket] {
        post_burst([this, ticket] { element_.not_woken(ticket, now_, actions_); });
    };
    if (wake_) return wake_(std::move(wake), failed);
    failed();
}

void Worker::perform(Woken& woken)
{
    if (woken.worker >= all_.size()) return;
    auto* to = all_[woken.worker];
    to->post_burst([to, ticket = woken.ticket] { to->element_.woken(ticket, to->now_, to->actions_); });
}

void Worker::perform(Connect& connect)
{
    auto& home = home_of(connect.to.host);
    if (&home == this)
        return outside_.connect(connect, [this, ticket = connect.ticket](FlowId flow) {
            element_.connected(ticket, flow, now_, actions_);
        });
    home.post_burst([&home, asker = this, connect = std::move(connect)] {
        home.outside_.connect(connect, [asker, ticket = connect.ticket](FlowId flow) {
            asker->post_burst(
                [asker, ticket, flow] { asker->element_.connected(ticket, flow, asker->now_, asker->actions_); });
        });
    });
}

void Worker::perform(const sotto::Report& report)
{
    if (on_report_) on_report_(report);
}

} // namespace sotto::net
