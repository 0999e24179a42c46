#include "push/notifier.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <boost/json.hpp>

#include <pthread.h>

#include <cstring>
#include <deque>
#include <optional>
#include <stdexcept>

namespace sotto::push {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using boost::system::error_code;
using Stream = beast::ssl_stream<beast::tcp_stream>;
using Request = http::request<http::string_body>;

constexpr std::size_t most_waiting = 10'000;
constexpr int senders = 8;
constexpr std::chrono::seconds patience{5};
constexpr std::uint64_t longest_answer = 16'384;

constexpr auto tuple = asio::as_tuple(asio::use_awaitable);

void wipe(std::string& text)
{
    ::explicit_bzero(text.data(), text.size());
    text.clear();
}

void wipe(WakeUp& phone)
{
    for (auto* text : {&phone.provider, &phone.parameter, &phone.token}) wipe(*text);
}

Request request_for(const Gateway& gateway, const WakeUp& phone)
{
    Request request{http::verb::post, "/wake", 11};
    request.set(http::field::host, gateway.host);
    request.set(http::field::content_type, "application/json");
    request.body() = boost::json::serialize(
        boost::json::object{{"pn-provider", phone.provider}, {"pn-param", phone.parameter}, {"pn-prid", phone.token}});
    request.prepare_payload();
    return request;
}

} // namespace

/// All on the notifier's thread but `add` and `stop`.
class Notifier::Senders {
public:
    Senders(Notifier& owner, Gateway gateway, LookUp look_up, Fault on_fault)
        : owner_{owner}, gateway_{std::move(gateway)}, look_up_{std::move(look_up)}, on_fault_{std::move(on_fault)}
    {
        if (gateway_.authorities.empty()) {
            tls_.set_default_verify_paths();
        } else {
            error_code error;
            tls_.load_verify_file(gateway_.authorities.string(), error);
            if (error) throw std::runtime_error{gateway_.authorities.string() + ": " + error.message()};
        }
        tls_.set_verify_mode(asio::ssl::verify_peer);
        tls_.set_verify_callback(asio::ssl::host_name_verification{gateway_.host});
    }

    void run()
    {
        for (int i = 0; i < senders; ++i) asio::co_spawn(context_, serve(), asio::detached);
        context_.run();
    }
    void stop() { context_.stop(); }
    void add(WakeUp phone)
    {
        ++owner_.waiting_;
        asio::post(context_, [this, phone = std::move(phone)]() mutable {
            auto& queue = phone.somebody_waits ? urgent_ : others_;
            if (queue.size() == most_waiting) return drop(phone);
            queue.push_back(std::move(phone));
            work_.cancel_one();
        });
    }

private:
    asio::awaitable<void> serve()
    {
        std::optional<Stream> stream; // kept between two requests
        for (;;) {
            while (urgent_.empty() && others_.empty()) co_await work_.async_wait(tuple);
            auto& queue = urgent_.empty() ? others_ : urgent_;
            auto phone = std::move(queue.front());
            queue.pop_front();
            if (phone.until <= std::chrono::steady_clock::now()) {
                drop(phone);
                continue;
            }
            --owner_.waiting_;
            auto request = request_for(gateway_, phone);
            wipe(phone);
            // A connection that was kept may have been closed by the gateway meanwhile: then once more over a new one.
            const bool kept = stream.has_value();
            auto fault = co_await exchange(stream, request);
            if (!fault.empty() && kept && !stream) fault = co_await exchange(stream, request);
            wipe(request.body());
            report(fault);
            if (!fault.empty() && phone.failed) phone.failed();
        }
    }

    void drop(WakeUp& phone)
    {
        --owner_.waiting_;
        ++owner_.dropped_;
        if (phone.failed) phone.failed();
        wipe(phone);
    }

    /// Empty: done. Without a stream afterwards: the connection did not hold.
    asio::awaitable<std::string> exchange(std::optional<Stream>& stream, Request& request)
    {
        if (!stream) {
            auto fault = co_await connect(stream);
            if (!fault.empty()) co_return fault;
        }
        beast::get_lowest_layer(*stream).expires_after(patience);
        auto [write_error, written] = co_await http::async_write(*stream, request, tuple);
        if (write_error) {
            stream.reset();
            co_return write_error.message();
        }
        beast::flat_buffer buffer;
        http::response_parser<http::string_body> answer;
        answer.body_limit(longest_answer);
        auto [read_error, read] = co_await http::async_read(*stream, buffer, answer, tuple);
        if (read_error) {
            stream.reset();
            co_return read_error.message();
        }
        const auto status = answer.get().result_int();
        if (!answer.get().keep_alive()) stream.reset();
        if (status / 100 == 2) co_return std::string{};
        co_return "the gateway answered " + std::to_string(status);
    }

    asio::awaitable<std::string> connect(std::optional<Stream>& stream)
    {
        const auto until = std::chrono::steady_clock::now() + patience;
        const auto addresses = co_await look_up(until);
        if (addresses.empty()) co_return "no address of the gateway was found";
        stream.emplace(context_, tls_);
        SSL_set_tlsext_host_name(stream->native_handle(), gateway_.host.c_str());
        auto& socket = beast::get_lowest_layer(*stream);
        socket.expires_at(until);
        auto [connect_error, endpoint] = co_await socket.async_connect(addresses, tuple);
        auto error = connect_error;
        if (!error) {
            auto [handshake_error] = co_await stream->async_handshake(asio::ssl::stream_base::client, tuple);
            error = handshake_error;
        }
        if (!error) co_return std::string{};
        stream.reset();
        co_return error.message();
    }

    asio::awaitable<Addresses> look_up(std::chrono::steady_clock::time_point until)
    {
        Addresses found;
        asio::steady_timer over{context_, until};
        const auto search = look_up_(context_, gateway_, [&](Addresses addresses) {
            found = std::move(addresses);
            over.cancel();
        });
        co_await over.async_wait(tuple);
        co_return found;
    }

    void report(const std::string& fault)
    {
        if (fault.empty()) {
            ++owner_.sent_;
            failing_ = false;
            return;
        }
        ++owner_.failed_;
        if (!std::exchange(failing_, true)) on_fault_(fault); // once, not for each phone
    }

    Notifier& owner_;
    const Gateway gateway_;
    const LookUp look_up_;
    Fault on_fault_;
    asio::ssl::context tls_{asio::ssl::context::tls_client};
    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> guard_{context_.get_executor()};
    asio::steady_timer work_{context_, std::chrono::steady_clock::time_point::max()}; ///< cancelled: there is work
    std::deque<WakeUp> urgent_, others_;
    bool failing_{false};
};

Notifier::Notifier(Gateway gateway, LookUp look_up, Fault on_fault)
    : senders_{std::make_unique<Senders>(*this, std::move(gateway), std::move(look_up), std::move(on_fault))}
{
    thread_ = std::thread{[this] {
        pthread_setname_np(pthread_self(), "push");
        senders_->run();
    }};
}

Notifier::~Notifier() { stop(); }

void Notifier::stop()
{
    senders_->stop();
    if (thread_.joinable()) thread_.join();
}

void Notifier::wake(WakeUp phone) { senders_->add(std::move(phone)); }

} // namespace sotto::push
