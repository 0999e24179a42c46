#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace sotto::net {

namespace asio = boost::asio;
using boost::system::error_code;

/// Bound to the plain executor: the type-erased one costs 100 bytes more for each idle connection.
using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
using Acceptor = asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type>;
using Endpoint = asio::ip::tcp::endpoint;

} // namespace sotto::net
