#pragma once
#include "core/message/message.hpp"
#include "simulation/machine.hpp"

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace sotto::simulation {

/// Everything that one phone writes of its own (Call-IDs, tags, branches, Contact, host) holds the phone's mark, and
/// each user name is a mark as well. A mark that turns up at a phone that may not know it has crossed a leg.
class Marks {
public:
    std::string fresh(std::size_t owner);
    /// Throws when `bytes` hold the mark of a phone other than `reader`.
    static void require_own(const std::string& bytes, std::size_t reader);

private:
    std::uint64_t count_{0};
};

/// A strict phone that does what chance tells it: registers, calls, answers or not, hangs up, loses its connection.
class Phone final : public Peer {
public:
    struct World {
        Schedule& schedule;
        Chance& chance;
        Machine& machine;
        Marks& marks;
        const std::vector<std::string>& users;    ///< whom one may call
        const std::set<std::string>& withholding; ///< users that are never shown as callers
        bool story{false};                        ///< tell what happens
        std::vector<TimePoint> jumps{};           ///< when the clock jumped forward
        std::size_t calls_up{0}, calls_ended{0};  ///< dialogs that phones had confirmed, and that came to an end
    };

    Phone(World& world, std::size_t number, std::string user);

    /// One thing, whichever comes to mind.
    void act();
    /// From now on it ends what it has begun, and begins nothing.
    void finish();
    /// Nothing is open: every request was answered or given up, every call ended.
    void require_finished() const;

    void received(const std::string& bytes) override;
    void lost() override;

private:
    struct Dialog {
        std::string call_id, own_tag, their_tag, target, own_uri, their_uri;
        std::uint32_t cseq{1};
        bool confirmed{false}; ///< the callee has the ACK, the caller has sent it
        bool over{false};
    };
    using DialogPtr = std::shared_ptr<Dialog>;
    /// One request that waits for its final answer.
    struct Request {
        std::string method, uri, from, to, call_id, headers;
        std::uint32_t cseq{1};
        DialogPtr dialog; ///< of a request inside one, or of the INVITE that may begin one
        FlowId flow;
        TimePoint sent;
        bool challenged{false};
        bool ringing{false};
        bool cancelled{false};
        bool answered{false}; ///< an INVITE that is kept for further 2xx
    };
    /// An INVITE that waits for this phone's answer.
    struct Ringing {
        std::string request;
        DialogPtr dialog;
        bool answered{false};
        bool acknowledged{false};
    };

    void connect();
    void registration();
    void place_call(const std::string& method);
    void ask(const std::string& method, const std::string& uri);
    void in_dialog(const DialogPtr& dialog, const std::string& method);
    void hang_up(const DialogPtr& dialog);
    std::string transmit(Request request, const std::string& credentials = {});
    void cancel(const std::string& branch);
    void acknowledge(const Request& request, const std::string& branch, const Message& response);
    void acknowledge_answer(const DialogPtr& dialog, std::uint32_t cseq);
    void answer(const std::string& request, int status, const std::string& headers = {});
    void ring(const std::string& key);
    void on_response(const Message& response, const std::string& bytes);
    void on_answered_invite(Request& request, const Message& response);
    void on_request(const Message& request, const std::string& bytes);
    void on_invite(const Message& request, const std::string& bytes);
    void end(const DialogPtr& dialog);
    DialogPtr find(const Message& request) const;
    void tell(const std::string& what) const;
    void learn(const std::string& bytes);

    World& world_;
    std::size_t number_;
    std::string user_, aor_, host_, contact_;
    FlowId flow_{};
    bool finishing_{false};
    std::map<std::string, Request> requests_; ///< by branch
    std::map<std::string, Ringing> ringing_;  ///< by branch of the INVITE
    std::vector<DialogPtr> dialogs_;
    std::set<std::string> known_; ///< withholding users that this phone has itself dialled
    std::uint32_t register_cseq_{0};
};

} // namespace sotto::simulation
