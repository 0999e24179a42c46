#pragma once
#include "net/web/completions.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/role.hpp>
#include <boost/beast/core/saved_handler.hpp>
#include <boost/system/error_code.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace sotto::net::web {

/// What a WebSocket of Boost.Beast takes for its socket (AsyncStream): bytes in memory, brought and fetched by whoever
/// has the connection. A read without bytes waits; a write is done at once. It never fails and never ends.
class MemoryStream {
public:
    using executor_type = Completions::Executor;
    using ErrorCode = boost::system::error_code;

    explicit MemoryStream(executor_type executor) : executor_{std::move(executor)} {}
    executor_type get_executor() { return executor_; }

    /// For the read that waits and those that follow. The bytes must stay where they are until `take_back`.
    void bring(std::string_view bytes);
    /// What no read has asked for.
    std::string_view take_back() { return std::exchange(brought_, {}); }
    /// What was written since the last time.
    std::string fetch() { return std::exchange(written_, {}); }

    /// Of the bytes read, how many Beast keeps because they are no whole frame's head or control frame yet: it reads
    /// those into a buffer of its own, and what of that it offers for the next read is what it does not need.
    [[nodiscard]] std::size_t kept() const { return largest_offer_ - boost::asio::buffer_size(offered_); }
    /// Overwrites the room that the read which waits offers: it holds what earlier reads have brought.
    void wipe_offered();

    template <class Buffers, class Handler> void async_read_some(const Buffers& into, Handler&& handler);
    template <class Buffers, class Handler> void async_write_some(const Buffers& from, Handler&& handler);

private:
    using Offer = std::array<boost::asio::mutable_buffer, 2>; // Beast's own buffer is a ring

    /// A read that waits: completes with what was brought meanwhile.
    template <class Handler> struct Waiting {
        MemoryStream& stream;
        Handler handler;
        void operator()(ErrorCode = {}) { stream.complete_read(std::move(handler)); }
    };
    template <class Handler> void complete_read(Handler&& handler);

    executor_type executor_;
    std::string_view brought_;
    std::string written_;
    Offer offered_{};
    std::size_t largest_offer_{0}; ///< the first one, when nothing has been kept yet
    boost::beast::saved_handler waiting_;
};

/// How Beast closes what it stands on: not at all, for the connection's owner does that.
inline void beast_close_socket(MemoryStream&) {}
template <class Handler> void async_teardown(boost::beast::role_type, MemoryStream& stream, Handler&& handler)
{
    boost::asio::post(stream.get_executor(),
                      boost::beast::bind_front_handler(std::forward<Handler>(handler), MemoryStream::ErrorCode{}));
}

template <class Buffers, class Handler> void MemoryStream::async_read_some(const Buffers& into, Handler&& handler)
{
    offered_ = {};
    const auto end = boost::asio::buffer_sequence_end(into);
    auto one = boost::asio::buffer_sequence_begin(into);
    for (auto& offer : offered_)
        if (one != end) offer = *one++;
    if (largest_offer_ == 0) largest_offer_ = boost::asio::buffer_size(offered_);
    if (brought_.empty())
        waiting_.emplace(Waiting<std::decay_t<Handler>>{*this, std::forward<Handler>(handler)});
    else
        complete_read(std::forward<Handler>(handler));
}

template <class Handler> void MemoryStream::complete_read(Handler&& handler)
{
    const auto size = boost::asio::buffer_copy(offered_, boost::asio::buffer(brought_));
    brought_.remove_prefix(size);
    boost::asio::post(executor_, boost::beast::bind_front_handler(std::forward<Handler>(handler), ErrorCode{}, size));
}

template <class Buffers, class Handler> void MemoryStream::async_write_some(const Buffers& from, Handler&& handler)
{
    const auto before = written_.size();
    const auto end = boost::asio::buffer_sequence_end(from);
    for (auto one = boost::asio::buffer_sequence_begin(from); one != end; ++one) {
        const boost::asio::const_buffer bytes{*one};
        written_.append(static_cast<const char*>(bytes.data()), bytes.size());
    }
    boost::asio::post(executor_, boost::beast::bind_front_handler(std::forward<Handler>(handler), ErrorCode{},
                                                                  written_.size() - before));
}

} // namespace sotto::net::web
