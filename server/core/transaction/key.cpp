#include "core/transaction/key.hpp"

#include "core/transaction/branch.hpp"

#include <array>
#include <charconv>
#include <memory_resource>

namespace sotto::transaction {

namespace {

/// Text built on the stack; only what is longer than usual costs an allocation.
class KeyText {
public:
    KeyText() { text_.reserve(buffer_.size() - 64); }

    /// Each part ends in a line feed, which no header value contains: parts cannot run into one another.
    KeyText& add(std::string_view part)
    {
        text_.append(part).push_back('\n');
        return *this;
    }
    KeyText& add_lower(std::string_view part)
    {
        for (const char c : part) text_.push_back(to_lower(c));
        text_.push_back('\n');
        return *this;
    }
    KeyText& add(std::uint32_t number)
    {
        std::array<char, 10> digits;
        const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
        return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
    }
    [[nodiscard]] std::string_view view() const { return text_; }

private:
    std::array<char, 768> buffer_;
    std::pmr::monotonic_buffer_resource resource_{buffer_.data(), buffer_.size()};
    std::pmr::string text_{&resource_};
};

KeyedHash key_as(Cryptography& cryptography, const Message& request, std::string_view method)
{
    const Via& top = request.vias.front();
    const auto branch = top.branch();
    KeyText text;
    if (has_magic_cookie(branch)) {
        text.add("3261").add(branch).add_lower(top.host).add(top.port).add(method);
    } else {
        // The To tag of an ACK is that of our response, so it cannot take part in matching an INVITE.
        const auto to_tag = method == name_of(Method::invite) ? std::string_view{} : request.to.tag();
        text.add("2543").add(request.request_uri.text).add(to_tag).add(request.from.tag()).add(request.call_id);
        text.add(request.cseq.number).add(top.text).add(method);
    }
    return cryptography.keyed_hash(Cryptography::Use::transaction, text.view());
}

} // namespace

KeyedHash server_key(Cryptography& cryptography, const Message& request)
{
    return key_as(cryptography, request, request.method == Method::ack ? name_of(Method::invite) : request.method_name);
}

KeyedHash cancelled_key(Cryptography& cryptography, const Message& cancel)
{
    return key_as(cryptography, cancel, name_of(Method::invite));
}

} // namespace sotto::transaction
