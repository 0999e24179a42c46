#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include <functional>
#include <string>
#include <thread>

namespace sotto::metrics {

/// Answers GET /metrics on a socket of this machine, for a monitoring system that asks every few seconds. One request
/// for each connection, a few at a time, each with a time limit; what it cannot serve it closes. A thread of its own.
class HttpServer {
public:
    /// Takes over a listening TCP socket. `text`: on the server's thread, may wait for others; makes the page.
    HttpServer(int listening, std::function<std::string()> text);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

private:
    void accept();

    boost::asio::io_context context_{1};
    boost::asio::ip::tcp::acceptor acceptor_{context_};
    std::function<std::string()> text_;
    std::shared_ptr<int> open_{std::make_shared<int>(0)}; ///< connections; touched on the server's thread only
    std::thread thread_;
};

} // namespace sotto::metrics
