#pragma once
#include "core/types/flow.hpp"
#include "core/types/time.hpp"
#include "net/identities.hpp"
#include "net/tls_stream.hpp"
#include "net/web/session.hpp"
#include "wire/framer.hpp"

#include <boost/intrusive/list.hpp>

#include <memory>
#include <string>

namespace sotto::net {

namespace intrusive = boost::intrusive;
struct WaitTag;
struct WriteTag;
using AutoUnlink = intrusive::link_mode<intrusive::auto_unlink>;
using WaitHook = intrusive::list_base_hook<intrusive::tag<WaitTag>, AutoUnlink>;
using WriteHook = intrusive::list_base_hook<intrusive::tag<WriteTag>, AutoUnlink>;

/// One TLS connection as its worker keeps it. While nothing is on its way it owns no buffer, except for a browser's
/// that Boost.Beast has.
struct Connection : WaitHook, WriteHook {
    enum class State : std::uint8_t {
        handshaking,
        open,
        finishing, ///< nothing more is read; closed once everything is written
        lingering, ///< everything is written and said; waits for the peer to take it
        dead       ///< forgotten at the end of the burst
    };

    Connection(FlowId id, Socket socket, std::shared_ptr<const Identities> set, KeyedHash from, Transport transport,
               wire::Limits limits, std::unique_ptr<web::Session> of_browser)
        : identities{std::move(set)}, stream{std::move(socket), identities->initial()}, framer{limits},
          web{std::move(of_browser)}, longest_write{identities->longest_write()}
    {
        flow.id = id;
        flow.source = from;
        flow.transport = transport;
    }
    /// One that we begin, to a domain that the other end must prove, on behalf of one of ours.
    Connection(FlowId id, Socket socket, std::shared_ptr<const Identities> set, std::string domain,
               std::string_view own, wire::Limits limits)
        : identities{std::move(set)}, stream{std::move(socket), identities->speaker(own).context, domain},
          framer{limits}, longest_write{identities->longest_write()}, expected{std::move(domain)}
    {
        flow.id = id;
    }

    [[nodiscard]] bool takes_messages() const { return state == State::open || state == State::finishing; }
    [[nodiscard]] std::size_t unsent() const { return outbound.size() - sent; }
    /// The other end has not yet taken all that was offered to it.
    [[nodiscard]] bool held_up() const { return WriteHook::is_linked(); }
    /// The front of a message has come, and not its end.
    [[nodiscard]] bool inside_message() const { return !partial.empty() || (web && web->under_way()); }

    Flow flow;
    std::shared_ptr<const Identities> identities; ///< until the handshake is over
    TlsStream stream;
    wire::Framer framer;
    std::unique_ptr<web::Session> web; ///< of a browser: then messages are cut by it, not by the framer
    std::size_t longest_write;
    std::string partial;  ///< the front of a message that has not come whole
    std::string outbound; ///< bytes to write; the first `sent` of them are written
    std::size_t sent{0};
    std::size_t of_burst{0}; ///< the first of the unsent, which were queued before the other end held us up
    TimePoint began{};
    TimePoint wait_until{}; ///< of the list that the connection stands in (WaitLists)
    TimePoint write_until{};
    std::uint64_t asked_by{0};    ///< workers (modulo 64) that await answers over it; they are told when it ends
    std::uint8_t unanswerable{0}; ///< requests that came one after the other and gave no message
    State state{State::handshaking};
    bool pads{false};    ///< more is unsent than signs of life: its length would tell
    bool reading{false}; ///< a wait for the socket to become readable is under way
    bool writing{false};
    bool read_writes{false}; ///< TLS has to write before it reads on
    std::string expected;    ///< the domain that the other end must prove; empty: the other end began the connection
    bool known{false};       ///< the user has been given the flow and not yet told of its end
    bool dirty{false};       ///< stands in the worker's list of connections to flush
};

/// Connections ordered by deadline: the same span for all, which no reload changes, so that the newest stands at the
/// end. Forgets a connection by itself when that dies.
using WriteList = intrusive::list<Connection, intrusive::base_hook<WriteHook>, intrusive::constant_time_size<false>>;

} // namespace sotto::net
