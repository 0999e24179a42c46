#pragma once
#include "element/world.hpp"

namespace sotto::test {

/// A registered phone that sends requests with whatever header lines a test wants, past the challenge.
class Sender {
public:
    Sender(World& world, std::string user) : world_{&world}, user_{std::move(user)}, flow{world.phone(user_)} {}

    struct Request {
        std::string method{"INVITE"};
        std::string to;        ///< Request-URI and To
        std::string from;      ///< name-addr; empty: the phone's own address
        std::string headers{}; ///< further lines, each with "\n"
        std::string body{};
        std::string content_type{"application/sdp"};
        int max_forwards{70};
        std::string contact{}; ///< URI; empty: where the phone is registered
    };
    /// Sends it; a 100 is taken off.
    void send(const Request& request);
    /// Sends it to be refused before anybody asks who sends it.
    void send_once(const Request& request);
    /// Past the challenge, and what came back.
    std::string refused(const Request& request)
    {
        send(request);
        return world_->receive(flow);
    }

private:
    [[nodiscard]] std::string text(const Request& request, const std::string& extra) const;

    World* world_;
    std::string user_;
    int sent_{0};

public:
    FlowId flow;
};

/// A response of a phone to a request that it received; `headers` are further lines, each with "\n".
std::string response_to(const std::string& request, const std::string& status, const std::string& headers = {});

} // namespace sotto::test
