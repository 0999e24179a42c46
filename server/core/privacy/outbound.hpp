#pragma once
#include "core/message/message.hpp"
#include "core/privacy/allow_list.hpp"

#include <boost/container/small_vector.hpp>

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace sotto {

/// One message on its way out, before it is written. It is built, never edited: what is not set here and not passed by
/// a row of the allow-list does not leave (DESIGN.md 2).
class Outbound {
public:
    static Outbound request(Method method, std::string_view request_uri, Receiver receiver);
    static Outbound response(int status, Receiver receiver);

    /// The message whose passing headers are taken over where they mean something, in the shape of their row; it must
    /// outlive `write`.
    Outbound& from(const Message& source)
    {
        source_ = &source;
        return *this;
    }
    /// A value of ours for a header; several values of one header stay in order, one line each.
    Outbound& set(Header header, std::string_view value) { return set(header, std::span{&value, 1}); }
    /// One value of several parts.
    Outbound& set(Header header, std::initializer_list<std::string_view> parts)
    {
        return set(header, std::span{parts.begin(), parts.size()});
    }
    Outbound& set(Header header, std::span<const std::string_view> parts);
    /// The body, with its type; both must outlive `write`. Without a call no body is written, whatever the source had.
    Outbound& body(std::string_view content_type, std::string_view content);
    /// Our reason phrase in place of the status code's own one.
    Outbound& reason(std::string_view phrase)
    {
        reason_ = phrase;
        return *this;
    }

    /// The bytes for the wire: one order, one spelling, CRLF, Content-Length counted.
    [[nodiscard]] std::string write() const;

private:
    struct Line {
        Header header;
        std::uint32_t offset;
        std::uint32_t length;
    };

    [[nodiscard]] std::string_view text_of(const Line& line) const
    {
        return std::string_view{text_}.substr(line.offset, line.length);
    }
    [[nodiscard]] RowSet rows() const;
    void write_own(Header header, std::string& out) const;
    void write_passed(const HeaderRule& rule, std::string& out) const;

    bool is_request_{true};
    Receiver receiver_{Receiver::subscriber};
    Method method_{Method::other};
    int status_{0};
    std::string_view reason_;
    const Message* source_{nullptr};
    std::string text_; ///< request URI first, then a line for each value that was set
    std::uint32_t uri_length_{0};
    boost::container::small_vector<Line, 16> lines_;
    RowSet set_{0}; ///< the rows that `lines_` has a value for
    std::string_view content_type_;
    std::string_view content_;
};

} // namespace sotto
