#include "ctl/running_admin.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <catch2/catch.hpp>
#include <poll.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

using namespace sotto;
using Catch::Matchers::Contains;
using sotto::test::Installation;
using sotto::test::RunningAdmin;
namespace asio = boost::asio;
using Local = asio::local::stream_protocol;

namespace {

class Client {
public:
    explicit Client(const Installation& installation)
    {
        socket_.connect(Local::endpoint{installation.settings.admin.socket.string()});
    }
    void send(std::string_view bytes)
    {
        boost::system::error_code ignored; // the server may have closed already
        asio::write(socket_, asio::buffer(bytes), ignored);
    }
    /// The next line; empty when the server has closed the connection.
    std::string line()
    {
        boost::system::error_code ended;
        const auto length = asio::read_until(socket_, asio::dynamic_buffer(received_), '\n', ended);
        auto line = received_.substr(0, length);
        received_.erase(0, length);
        return line;
    }
    void close() { socket_.close(); }
    /// Waits until the server has closed the connection, and takes nothing of what it said.
    bool is_cut_off()
    {
        constexpr int patience = 60'000; // milliseconds
        ::pollfd end{.fd = socket_.native_handle(), .events = 0, .revents = 0};
        return ::poll(&end, 1, patience) == 1 && (end.revents & POLLHUP) != 0;
    }

private:
    asio::io_context io_;
    Local::socket socket_{io_};
    std::string received_;
};

constexpr std::string_view status = "{\"v\":1,\"command\":\"status\"}\n";

} // namespace

TEST_CASE("several clients are answered, each in its own order")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    Client one{installation};
    Client two{installation};
    two.send(status);
    CHECK_THAT(two.line(), Contains("\"flows\":3"));
    one.send(std::string{status} + "{\"v\":1,\"command\":\"account list\"}\n" + std::string{status});
    CHECK_THAT(one.line(), Contains("flows"));
    CHECK_THAT(one.line(), Contains("\"accounts\":[]"));
    CHECK_THAT(one.line(), Contains("flows"));
}

TEST_CASE("garbage on the socket harms nobody")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    std::mt19937 random{7}; // the same bytes in every run
    for (int round = 0; round < 50; ++round) {
        Client client{installation};
        std::string bytes;
        for (int i = 0; i < 500; ++i) bytes.push_back(static_cast<char>(random()));
        client.send(bytes + "\n");
        CHECK_THAT(client.line(), Contains("protocol"));
        if (round % 2 == 0) client.send(bytes); // leaves in the middle of a line
    }
    Client after{installation};
    after.send(status);
    CHECK_THAT(after.line(), Contains("flows"));
}

TEST_CASE("a request in single bytes is a request")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    Client client{installation};
    for (const char c : status) client.send({&c, 1});
    CHECK_THAT(client.line(), Contains("flows"));
}

TEST_CASE("a request without end is refused and cut off")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    Client client{installation};
    client.send(std::string(ctl::longest_request, 'x'));
    CHECK_THAT(client.line(), Contains("too long"));
    CHECK(client.line().empty());
    Client after{installation};
    after.send(status);
    CHECK_THAT(after.line(), Contains("flows"));
}

TEST_CASE("too many clients wait until one leaves")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    std::vector<std::unique_ptr<Client>> clients;
    for (std::size_t i = 0; i < ctl::AdminServer::most_clients; ++i) {
        clients.push_back(std::make_unique<Client>(installation));
        clients.back()->send(status);
        CHECK_THAT(clients.back()->line(), Contains("flows"));
    }
    Client late{installation};
    late.send(status);
    clients.front()->close();
    CHECK_THAT(late.line(), Contains("flows"));
}

TEST_CASE("a client that says nothing, or does not take its answer, is cut off")
{
    const Installation installation;
    asio::io_context io;
    ctl::AdminServer server{io,
                            installation.settings.admin.socket,
                            [](std::string_view, const ctl::json::object&, const ctl::PeerCredentials&) -> ctl::Reply {
                                return ctl::json::object{{"long", std::string(8U << 20U, 'x')}}; // no socket takes it
                            },
                            {},
                            std::chrono::milliseconds{50}};
    std::thread thread{[&] { io.run(); }};
    Client silent{installation};
    Client deaf{installation};
    deaf.send(status);
    CHECK(silent.is_cut_off());
    CHECK(deaf.is_cut_off());
    io.stop();
    thread.join();
}

TEST_CASE("the socket is for owner and group, and goes with the server")
{
    const Installation installation;
    const auto& path = installation.settings.admin.socket;
    {
        const RunningAdmin admin{installation};
        struct stat state {};
        REQUIRE(::stat(path.c_str(), &state) == 0);
        CHECK((state.st_mode & 0777U) == 0660U);
        REQUIRE(::stat(path.parent_path().c_str(), &state) == 0);
        CHECK((state.st_mode & 0007U) == 0);
    }
    CHECK_FALSE(std::filesystem::exists(path));
}

TEST_CASE("a socket that a dead process left behind is replaced")
{
    const Installation installation;
    const auto& path = installation.settings.admin.socket;
    std::filesystem::create_directory(path.parent_path());
    {
        asio::io_context io;
        const Local::acceptor dead{io, Local::endpoint{path.string()}};
    }
    REQUIRE(std::filesystem::exists(path));
    const RunningAdmin admin{installation};
    Client client{installation};
    client.send(status);
    CHECK_THAT(client.line(), Contains("flows"));
}

TEST_CASE("a path that is in use is not taken")
{
    const Installation installation;
    const auto& path = installation.settings.admin.socket;
    asio::io_context io;
    SECTION("by a living process")
    {
        const RunningAdmin admin{installation};
        CHECK_THROWS_WITH((ctl::AdminServer{io, path, {}}), Contains("another process answers"));
        Client client{installation};
        client.send(status);
        CHECK_THAT(client.line(), Contains("flows"));
    }
    SECTION("by a file")
    {
        std::filesystem::create_directory(path.parent_path());
        std::ofstream{path} << "precious";
        CHECK_THROWS_WITH((ctl::AdminServer{io, path, {}}), Contains("is no socket"));
        CHECK(std::filesystem::file_size(path) == 8);
    }
    SECTION("in a folder that everybody may write into")
    {
        std::filesystem::create_directory(path.parent_path());
        std::filesystem::permissions(path.parent_path(), std::filesystem::perms::all);
        CHECK_THROWS_WITH((ctl::AdminServer{io, path, {}}), Contains("chmod o-w"));
    }
}

TEST_CASE("a binding shows its id, its end, transport and q, and nothing that identifies a device")
{
    const Installation installation;
    const RunningAdmin admin{installation};
    Client client{installation};
    client.send(R"({"v":1,"command":"account add","arguments":{"address":"alice@example.org","password":"p"}})"
                "\n"
                R"({"v":1,"command":"binding list","arguments":{"address":"alice@sip.example.org"}})"
                "\n");
    CHECK_THAT(client.line(), Contains("SHA-256"));
    CHECK(client.line() == R"({"v":1,"result":{"bindings":[{"binding":"0000000000000abc","expires_in":300,)"
                           R"("transport":"tls","q":5E-1},{"binding":"0000000000000def","expires_in":200,)"
                           R"("transport":null,"q":null}]}})"
                           "\n");
}
