#pragma once
#include "core/environment.hpp"
#include "core/registrar/binding.hpp"
#include "core/registrar/contact.hpp"
#include "core/registrar/device.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace sotto {

/// Answers REGISTER (RFC 3261 10.3). Deviation from step 8: a device is told of its own bindings only, so that whoever
/// holds one device of an account learns nothing of the others (docs/standards.md).
class Registrar {
public:
    explicit Registrar(Environment& environment) : env_{environment} {}

    void request(transaction::SlotId server, Flow& flow, TimePoint now, Actions& out);
    void located(transaction::SlotId registration, Located located, TimePoint now, Actions& out);
    void committed(transaction::SlotId registration, Flow* flow, bool accepted, TimePoint now, Actions& out);

private:
    struct Registration {
        transaction::SlotId server;
        AccountId account;
        AorKeys aor; ///< of the account's bindings
        FlowId flow;
        Transport transport{Transport::tls};
        bool flows_kept{true}; ///< from the phone to here (RFC 5626 6)
        /// What this REGISTER leaves of the device, to be told in the 200. The Contact is kept where the request does
        /// not say by itself which one is meant.
        std::vector<Binding> wanted;
        std::vector<BindingId> removed;                   ///< devices of which nothing is left
        std::vector<BindingId> others;                    ///< other devices of the account over the same flow
        std::vector<PushRegistrations::Sleeper> sleepers; ///< of those wanted: what wakes them (RFC 8599)

        /// Whether this REGISTER leaves something of that device.
        [[nodiscard]] bool registers(BindingId device) const
        {
            return std::ranges::find(wanted, device, &Binding::id) != wanted.end();
        }
        /// Whether this REGISTER has made that binding.
        [[nodiscard]] bool made(const Binding& binding) const
        {
            return std::ranges::any_of(
                wanted, [&](const Binding& b) { return b.id == binding.id && b.reg_id == binding.reg_id; });
        }
    };

    bool admit(transaction::SlotId server, const Message& request, TimePoint now, Actions& out);
    std::optional<Refusal> apply(const Message& request, Registration& registration, std::vector<Binding>& bindings,
                                 TimePoint now);
    std::optional<Refusal> remove_all(const Message& request, Registration& registration,
                                      std::vector<Binding>& bindings, TimePoint now);
    std::optional<Refusal> apply_contact(const Message& request, const ContactTerms& terms, Registration& registration,
                                         std::vector<Binding>& bindings, TimePoint now);
    [[nodiscard]] BindingId device_registering(const Message& request, const ContactTerms& terms,
                                               const Registration& registration,
                                               const std::vector<Binding>& bindings) const;
    std::optional<Refusal> apply_push(const NameAddr& contact, const Binding& binding, Registration& registration,
                                      TimePoint now);
    void commit_push(const Registration& registration, Actions& out);
    [[nodiscard]] std::string feature_caps(const Message& request, const Registration& registration) const;
    void finish(transaction::SlotId registration, Refusal refusal, TimePoint now, Actions& out);
    [[nodiscard]] bool leads_back(const Uri& contact, const Uri& address) const;
    GruuSeries series_of(std::vector<Binding>& bindings, BindingId device, std::vector<Binding>::const_iterator known,
                         const RotatingHash& call_id);
    void append_gruus(const Binding& binding, std::string& value) const;
    [[nodiscard]] std::string service_route(AccountId account, Transport transport) const;
    void answer(transaction::SlotId registration, TimePoint now, Actions& out);
    [[nodiscard]] std::string contact_words(const Message& request, const Binding& binding) const;
    [[nodiscard]] std::string contact_value(const Message& request, const Binding& binding, TimePoint now) const;

    Environment& env_;
    transaction::SlotTable<Registration> registrations_;
};

} // namespace sotto
