#include "net/client.hpp"
#include "net/edge.hpp"
#include "net/newcomers.hpp"
#include "wire/parse.hpp"

#include <catch2/catch.hpp>

using namespace sotto;
using namespace sotto::test;
using net::Newcomers;

namespace {

constexpr FlowId first{7};
constexpr FlowId second{8};

MessagePtr message(const std::string& method, const std::string& branch)
{
    return wire::parse(method + " sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/TLS a.invalid;branch=" + branch +
                       "\r\nFrom: <sip:a@example.org>;tag=1\r\nTo: <sip:bob@example.org>\r\nCall-ID: c\r\nCSeq: 1 " +
                       method + "\r\nMax-Forwards: 70\r\n\r\n");
}

void wait(Newcomers& newcomers, Turn turn, const std::string& branch, milliseconds at = {}, FlowId from = first)
{
    auto request = message("INVITE", branch);
    REQUIRE(newcomers.wait(turn, from, request, at));
}

std::string branch_of(const std::optional<Newcomers::Newcomer>& one)
{
    return one ? std::string{one->request->vias.front().branch()} : "nobody";
}

/// A worker that has been behind for a second, and will be for half a one, with what these clients ask of it.
class Behind {
public:
    static constexpr int asked = 24; ///< by all of them

    explicit Behind(Edge& edge)
    {
        for (int i = 0; i < asked / 2; ++i) clients_.push_back(std::make_unique<Client>(edge.endpoint()));
        for (auto& client : clients_) asks(*client);
        for (auto& client : clients_) {
            is_answered(*client);
            asks(*client);
        }
        // The first of these came after the timer by which the worker has found out.
        for (std::size_t i = 0; i < 2; ++i) is_answered(*clients_[i]);
    }

private:
    static void asks(Client& client) { REQUIRE(client.send(request("NOTIFY", "60"))); }
    static void is_answered(Client& client) { REQUIRE(client.receive_message().starts_with("SIP/2.0 200 ")); }

    std::vector<std::unique_ptr<Client>> clients_;
};

/// A worker that is behind, and two of its clients: one begins something, and then the other goes on with something.
struct Meeting {
    Edge edge{};
    Client begins{edge.endpoint()};
    Client goes_on{edge.endpoint()};
    Behind behind{edge};

    explicit Meeting(const std::string& next)
    {
        REQUIRE(begins.send(request("INVITE")));
        REQUIRE(goes_on.send(next));
    }
};

std::string body_of(const std::string& answer) { return answer.substr(answer.find("\r\n\r\n") + 4); }

} // namespace

TEST_CASE("Whoever answers a challenge is served first, and each other in the order of arrival", "[overload]")
{
    Newcomers newcomers;
    wait(newcomers, Turn::later, "a");
    wait(newcomers, Turn::soon, "b");
    wait(newcomers, Turn::later, "c");
    wait(newcomers, Turn::soon, "d");
    for (const auto* expected : {"b", "d", "a", "c"}) {
        CHECK_FALSE(newcomers.empty());
        CHECK(branch_of(newcomers.next()) == expected);
    }
    CHECK(newcomers.empty());
    CHECK(branch_of(newcomers.next()) == "nobody");
}

TEST_CASE("Whoever waits too long is found, who answers a challenge later", "[overload]")
{
    Newcomers newcomers;
    wait(newcomers, Turn::soon, "a", milliseconds{0});
    wait(newcomers, Turn::later, "b", milliseconds{0});
    wait(newcomers, Turn::later, "c", milliseconds{50});
    CHECK(branch_of(newcomers.overdue(milliseconds{100})) == "nobody");
    CHECK(branch_of(newcomers.overdue(milliseconds{101})) == "b");
    CHECK(branch_of(newcomers.overdue(milliseconds{101})) == "nobody");
    CHECK(branch_of(newcomers.overdue(milliseconds{1'001})) == "c");
    CHECK(branch_of(newcomers.overdue(milliseconds{1'001})) == "a");
    CHECK(newcomers.empty());
}

TEST_CASE("No more wait than memory is meant for", "[overload]")
{
    Newcomers newcomers;
    for (const auto turn : {Turn::soon, Turn::later}) {
        for (std::size_t i = 0; i < Newcomers::most; ++i) wait(newcomers, turn, "z9hG4bK" + std::to_string(i));
        auto one_more = message("INVITE", "z9hG4bKmore");
        CHECK_FALSE(newcomers.wait(turn, first, one_more, {}));
        CHECK(one_more);
    }
}

TEST_CASE("A CANCEL finds the INVITE that it means, and no other's", "[overload][rfc3261][9.1]")
{
    Newcomers newcomers;
    wait(newcomers, Turn::soon, "a");
    wait(newcomers, Turn::later, "b");
    wait(newcomers, Turn::later, "c", {}, second);
    const auto found = [&](const std::string& branch, FlowId from) {
        return newcomers.meant_by(*message("CANCEL", branch), from) != nullptr;
    };
    CHECK_FALSE(found("c", first));
    CHECK_FALSE(found("a", second));
    CHECK(found("a", first));
    CHECK_FALSE(found("a", first));
    CHECK(found("b", first));
    CHECK(branch_of(newcomers.next()) == "c");
}

TEST_CASE("A worker that is behind serves what goes on before what begins", "[overload]")
{
    Meeting meeting{request("UPDATE")};
    CHECK(body_of(meeting.goes_on.receive_message()) == std::to_string(Behind::asked + 1)); // itself
    CHECK(meeting.begins.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("Whoever begins something and waits for too long is told to come later", "[overload][rfc3261][21.5.4]")
{
    Meeting meeting{request("NOTIFY", "150")};
    CHECK(meeting.begins.receive_message().starts_with("SIP/2.0 503 "));
    CHECK(meeting.goes_on.receive_message().starts_with("SIP/2.0 200 "));
    // And when there is time again, it is served.
    REQUIRE(meeting.begins.send(request("INVITE")));
    CHECK(meeting.begins.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("A bug that a message meets costs its connection alone, also where it has waited", "[overload]")
{
    Edge edge;
    const auto meets_it = [&] {
        Client begins{edge.endpoint()};
        REQUIRE(begins.send(request("INVITE", "E")));
        CHECK(begins.ended());
    };
    SECTION("served at once") { meets_it(); }
    SECTION("served when its turn has come")
    {
        const Behind behind{edge};
        meets_it();
    }
    CHECK(edge.count().connections.internal_errors == 1);
    Client other{edge.endpoint()};
    REQUIRE(other.send(request("INVITE")));
    CHECK(other.receive_message().starts_with("SIP/2.0 200 "));
}

TEST_CASE("A client that logs in with a request that has waited may be silent for as long as any", "[overload]")
{
    Edge edge{{.connections = {.stranger_timeout = seconds{120}, .idle_timeout = seconds{1}}}};
    Client begins{edge.endpoint()};
    const Behind behind{edge};
    REQUIRE(begins.send(request("INVITE", "A")));
    CHECK(begins.receive_message().starts_with("SIP/2.0 200 "));
    CHECK(begins.ended()); // after the time that is given to those who have logged in
}

TEST_CASE("Nothing begins on a connection that is being closed", "[overload]")
{
    Edge edge{{.connections = {.send_queue = 16'777'216}}};
    Client leaves{edge.endpoint(), {.receive_buffer = 4'096}}; // so that its end takes a while
    Client begins{edge.endpoint()};
    const Behind behind{edge};
    REQUIRE(leaves.send(request("INVITE") + request("MESSAGE", "1000") + request("INFO")));
    REQUIRE(begins.send(request("INVITE")));
    CHECK(begins.receive_message().starts_with("SIP/2.0 200 "));
    REQUIRE(begins.send(request("UPDATE")));
    CHECK(body_of(begins.receive_message()) == std::to_string(Behind::asked + 4)); // MESSAGE, INFO, INVITE, itself
}
