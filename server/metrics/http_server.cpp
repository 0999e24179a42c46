#include "metrics/http_server.hpp"

#include "metrics/exposition.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <sys/socket.h>

#include <memory>
#include <optional>

namespace sotto::metrics {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr int most_connections = 16;
constexpr std::uint32_t longest_head = 8'192;
constexpr std::chrono::seconds time_limit{5};

/// Without the query: Prometheus adds one where its `params` say so.
std::string_view path_of(std::string_view target) { return target.substr(0, target.find('?')); }

class Connection : public std::enable_shared_from_this<Connection> {
public:
    Connection(asio::ip::tcp::socket socket, const std::function<std::string()>& text, std::shared_ptr<int> open)
        : stream_{std::move(socket)}, text_{text}, open_{std::move(open)}
    {
        ++*open_;
        request_.header_limit(longest_head);
        request_.body_limit(0);
    }
    ~Connection() { --*open_; }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void serve()
    {
        stream_.expires_after(time_limit);
        http::async_read(stream_, buffer_, request_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (!error) self->answer();
        });
    }

private:
    void answer()
    {
        const auto& request = request_.get();
        const bool head = request.method() == http::verb::head;
        response_.version(11);
        response_.keep_alive(false);
        response_.set(http::field::content_type, std::string_view{"text/plain; charset=utf-8"});
        if (request.method() != http::verb::get && !head) {
            response_.result(http::status::method_not_allowed);
            response_.set(http::field::allow, std::string_view{"GET, HEAD"});
        } else if (path_of(request.target()) != "/metrics") {
            response_.result(http::status::not_found);
            response_.body() = "The figures are at /metrics.\n";
        } else {
            response_.set(http::field::content_type, exposition_type);
            response_.body() = text_();
        }
        response_.prepare_payload();
        if (head) response_.body().clear();
        stream_.expires_after(time_limit);
        http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code, std::size_t) {
            beast::error_code ignored;
            self->stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
        });
    }

    beast::tcp_stream stream_;
    const std::function<std::string()>& text_;
    std::shared_ptr<int> open_;
    beast::flat_buffer buffer_{longest_head};
    http::request_parser<http::empty_body> request_;
    http::response<http::string_body> response_;
};

asio::ip::tcp protocol_of(int socket)
{
    int family = AF_INET;
    socklen_t length = sizeof family;
    ::getsockopt(socket, SOL_SOCKET, SO_DOMAIN, &family, &length);
    return family == AF_INET6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
}

} // namespace

HttpServer::HttpServer(int listening, std::function<std::string()> text) : text_{std::move(text)}
{
    acceptor_.assign(protocol_of(listening), listening);
    accept();
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "metrics");
        context_.run();
    }};
}

HttpServer::~HttpServer()
{
    context_.stop();
    thread_.join();
}

void HttpServer::accept()
{
    acceptor_.async_accept([this](beast::error_code error, asio::ip::tcp::socket socket) {
        if (error == asio::error::operation_aborted) return;
        if (!error && *open_ < most_connections) std::make_shared<Connection>(std::move(socket), text_, open_)->serve();
        accept();
    });
}

} // namespace sotto::metrics
