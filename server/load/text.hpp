#pragma once
#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sotto::load {

inline constexpr std::size_t malformed = static_cast<std::size_t>(-1);

/// Length of the first message in `buffer` (RFC 3261 18.3: header and Content-Length), 0 while it is not complete,
/// `malformed` without a Content-Length or when it is longer than 64 KiB.
std::size_t message_length(std::string_view buffer);

/// A received message, as a client sees it. Owns its bytes; the views live as long as it does, also when it is moved.
class Message {
public:
    struct Header {
        std::string_view name; ///< compact forms written out
        std::string_view value;
    };

    static std::optional<Message> parse(std::string_view bytes);

    bool is_request() const { return status_ == 0; }
    int status() const { return status_; }
    std::string_view method() const { return method_; } ///< of the request line, or of CSeq in an answer
    std::string_view request_uri() const { return request_uri_; }
    std::string_view body() const { return body_; }
    std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
    const std::vector<Header>& headers() const { return headers_; }

    std::string_view first(std::string_view name) const; ///< whole value of the first such header, or empty
    /// All values of a header that may be a list (Via, Contact, Record-Route), also those after commas.
    std::vector<std::string_view> values(std::string_view name) const;

private:
    std::vector<char> bytes_; // not std::string: moving must not move the characters
    int status_{0};
    std::string_view method_;
    std::string_view request_uri_;
    std::string_view body_;
    std::vector<Header> headers_;
};

/// `tag` of `"A, B" <sip:a@b;c=d>;tag=x`: parameters of the header, not of the URI. Empty when absent; quotes are taken
/// off.
std::string_view parameter(std::string_view value, std::string_view name);
/// What stands between the angle brackets, or before the first semicolon.
std::string_view uri_of(std::string_view value);
/// `alice` of `sip:alice@host;x=y`; empty when there is none.
std::string_view user_of(std::string_view uri);
/// `host:port` of a SIP URI, without parameters.
std::string_view host_port_of(std::string_view uri);
/// Of Retry-After (RFC 3261 20.33), with or without comment and parameters; nothing when it is no number.
std::optional<std::chrono::seconds> seconds_of(std::string_view retry_after);

template <class... Parts> std::string join(const Parts&... parts)
{
    std::string text;
    text.reserve((std::string_view{parts}.size() + ... + 0));
    (text.append(std::string_view{parts}), ...);
    return text;
}

} // namespace sotto::load
