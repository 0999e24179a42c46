#include "ctl/assess/observe.hpp"

#include "ctl/assess/answer.hpp"
#include "ctl/assess/tls_client.hpp"

#include <algorithm>

namespace sotto::assess {
namespace {

/// An address of the server's domain that no provider gives to anybody.
std::string nobody_at(const Target& target)
{
    const bool ipv6 = target.host.find(':') != std::string::npos;
    return "sip:nobody-0b5e7c1d9f24@" + (ipv6 ? "[" + target.host + "]" : target.host);
}

std::string server_uri(const Target& target)
{
    const auto nobody = nobody_at(target);
    return "sip:" + nobody.substr(nobody.find('@') + 1);
}

void note(Observed& seen, const SipAnswer& answer, const TlsClient& client)
{
    for (const auto* name : {"server", "user-agent"})
        for (const auto& value : answer.values(name))
            if (std::ranges::find(seen.software, value) == seen.software.end()) seen.software.push_back(value);
    for (const auto& address : answer.addresses())
        if (address != client.peer_address() && address != client.own_address() &&
            std::ranges::find(seen.addresses, address) == seen.addresses.end())
            seen.addresses.push_back(address);
    for (const auto& digest : answer.digests())
        if (std::ranges::find(seen.digests, digest) == seen.digests.end()) seen.digests.push_back(digest);
}

/// The same question with a longer Call-ID, which the answer repeats.
std::optional<bool> compare_lengths(TlsClient& client, const std::string& about)
{
    constexpr std::size_t longer = 60;
    std::size_t lengths[2]{};
    for (const std::size_t i : {0U, 1U}) {
        const auto before = client.received_on_the_wire();
        const SipAnswer answer{client.ask(request("OPTIONS", about, "TLS", i * longer))};
        if (answer.status() == 0) return std::nullopt;
        lengths[i] = client.received_on_the_wire() - before;
    }
    return lengths[0] == lengths[1];
}

/// What a stranger is told over TLS.
void ask_over_tls(Observed& seen, TlsClient& client, const Target& target)
{
    const auto hear = [&](std::string_view method, const std::string& about) {
        const SipAnswer answer{client.ask(request(method, about, "TLS"))};
        seen.answers = seen.answers || answer.status() != 0;
        note(seen, answer, client);
        return answer.status();
    };
    hear("OPTIONS", server_uri(target));
    seen.unknown_registers = hear("REGISTER", nobody_at(target));
    seen.unknown_is_asked = hear("OPTIONS", nobody_at(target));
}

/// Nothing where nobody answers in time, which a firewall does too.
bool answers_plainly(const Target& target, int kind)
{
    const auto question = request("OPTIONS", server_uri(target), kind == SOCK_STREAM ? "TCP" : "UDP");
    return SipAnswer{ask_plainly(target.host, kind, question)}.status() != 0;
}

} // namespace

Observed observe(const Target& target, const std::function<void(std::size_t)>& at)
{
    Observed seen;
    std::size_t done = 0;
    {
        TlsClient client{target, {}};
        if (!client.connected()) throw NotReached{client.fault()};
        seen.version = client.version();
        seen.certificate_fault = client.certificate_fault();
        seen.certificate_days = client.certificate_days();
        at(++done);
        ask_over_tls(seen, client, target);
        at(++done);
        seen.padded = compare_lengths(client, server_uri(target));
        at(++done);
    }
    seen.old_tls = TlsClient{target, {.newest = TlsClient::Version::tls11}}.accepted();
    at(++done);
    const TlsClient::Offer weak{.newest = TlsClient::Version::tls12, .ciphers = TlsClient::weak_ciphers};
    seen.weak_ciphers = TlsClient{target, weak}.accepted();
    at(++done);
    seen.plain_tcp = answers_plainly(target, SOCK_STREAM);
    seen.plain_udp = answers_plainly(target, SOCK_DGRAM);
    at(++done);
    return seen;
}

} // namespace sotto::assess
