#pragma once
#include "core/environment.hpp"
#include "core/registrar/binding.hpp"

#include <string>
#include <unordered_map>
#include <vector>

namespace sotto {

/// The registration event package (RFC 3680, with the GRUUs of RFC 5628), for one's own address only. A phone is shown
/// its own device, as in the answer to its REGISTER (docs/adr/0010): that it was unregistered by somebody else is what
/// it has to know. Presence and message-waiting stay refused: they would publish who is there.
class RegEvent {
public:
    /// Marks our NOTIFY among the client transactions.
    static constexpr std::uint8_t timer = 8;

    explicit RegEvent(Environment& environment) : env_{environment} {}

    /// A SUBSCRIBE to `reg`; anything else is not answered here. False: it is none of ours.
    bool request(transaction::SlotId server, Flow& flow, TimePoint now, Actions& out);
    /// The device's flows, whenever they may have changed.
    void found(transaction::SlotId subscription, std::vector<Binding> flows, TimePoint now, Actions& out);
    void binding_changed(BindingId device, Actions& out);
    /// To our NOTIFY: only whoever accepts them is told more (RFC 6665 4.2.2).
    void notified(transaction::SlotId subscription, bool accepted, Actions& out);
    void expired(transaction::SlotId subscription, Actions& out);
    [[nodiscard]] std::size_t size() const { return subscriptions_.size(); }

private:
    using SlotId = transaction::SlotId;

    struct Subscription {
        KeyedHash key; ///< of Call-ID and our tag
        AccountId account;
        BindingId device;
        FlowId flow; ///< where the last SUBSCRIBE came from
        Transport transport{Transport::tls};
        SealedText view; ///< of the dialog, as the phone knows it
        std::uint32_t cseq{0};
        std::uint32_t version{0};
        TimePoint expires{};
        transaction::TimerHandle timer;
        bool notify{true}; ///< the next look is told, whatever it sees (RFC 6665 4.2.1.2)
        KeyedHash shown;   ///< of what the last NOTIFY told
    };

    [[nodiscard]] SlotId known(const Message& request) const;
    SlotId subscribe(SlotId server, const Account& account, const Flow& flow, Actions& out);
    void confirm(SlotId subscription, SlotId server, TimePoint now, Actions& out);
    void look(const Subscription& subscription, SlotId id, Actions& out) const;
    [[nodiscard]] KeyedHash what_is_told(const std::vector<Binding>& flows) const;
    void send_notify(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out);
    [[nodiscard]] std::string document(const Subscription& subscription, const std::vector<Binding>& flows,
                                       TimePoint now) const;
    void end(SlotId id, Actions& out);
    void make_room(AccountId account, Actions& out);

    Environment& env_;
    transaction::SlotTable<Subscription> subscriptions_;
    std::unordered_map<KeyedHash, SlotId> by_dialog_;
    std::unordered_multimap<BindingId, SlotId> by_device_;
    std::unordered_map<AccountId, std::vector<SlotId>> by_account_; ///< the oldest first
};

} // namespace sotto
