#pragma once
#include "core/message/message.hpp"
#include "core/registrar/binding.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto {

/// What a phone's Contact says about how it is woken (RFC 8599 4.1): the `pn-*` parameters, unescaped. It is a secret
/// of the phone's: whoever has it can wake it.
struct PushParameters {
    std::string provider; ///< `pn-provider`; empty: the phone asks what there is
    std::string parameter;
    std::string token; ///< `pn-prid`; empty: a question, no registration
};
/// Nothing without `pn-provider`.
std::optional<PushParameters> push_parameters(const Uri& contact);
/// The Contact as it is kept and sent: what of it can stand in a Request-URI, without any `pn-*` parameter.
std::string registered_uri(const Uri& contact);

/// As one text, to be sealed, and back.
std::string packed(const PushParameters& parameters);
PushParameters unpacked(std::string_view text);

/// Phones that may sleep (RFC 8599), apart from their bindings: those die with their connection, these end with the
/// time that the registration was granted. Shared by all workers and thread-safe.
class PushRegistrations {
public:
    virtual ~PushRegistrations() = default;

    struct Sleeper {
        BindingId device;
        SealedText parameters; ///< PushParameters
        TimePoint until{};     ///< when its registration ends
    };
    /// At most `most` devices of an account: the one that ends first makes room.
    virtual void keep(AorKeys aor, Sleeper sleeper, std::size_t most) = 0;
    virtual void remove(BindingId device) = 0;
    [[nodiscard]] virtual std::vector<Sleeper> of(AorKeys aor, TimePoint now) const = 0;
    /// How many accounts have one, for the share of unknown addresses that are waited for in the same way.
    [[nodiscard]] virtual std::size_t accounts() const = 0;

    /// Who is to be told when the device has registered: a worker, and what it waits with. Told once.
    struct Waiter {
        std::uint16_t worker{0};
        std::uint64_t ticket{0};
    };
    virtual void await(BindingId device, Waiter waiter) = 0;
    virtual std::vector<Waiter> take_waiters(BindingId device) = 0;
};

/// How long before its end a registration is renewed by waking the phone (RFC 8599 5.5); a shorter one is not kept.
inline constexpr seconds wake_before_end{120};

} // namespace sotto
