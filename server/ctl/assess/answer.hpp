#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sotto::assess {

/// A SIP answer, as little of it as an assessment looks at. Reads what any server may send: bounded, never throws.
class SipAnswer {
public:
    /// `bytes`: at least the head of a message.
    explicit SipAnswer(std::string_view bytes);

    [[nodiscard]] int status() const { return status_; } ///< 0: this is no SIP answer
    /// The values of every field of that name, whatever its case; lines that go on are joined.
    [[nodiscard]] std::vector<std::string> values(std::string_view name) const;
    /// Numeric addresses in it, Via left out: it repeats what the client wrote.
    [[nodiscard]] std::vector<std::string> addresses() const;
    /// Digest algorithms of its challenges; MD5 where none is named (RFC 7616 3.3).
    [[nodiscard]] std::vector<std::string> digests() const;

private:
    struct Field {
        std::string name; ///< in lower case
        std::string value;
    };
    int status_{0};
    std::vector<Field> fields_;
};

/// A request with no body that whoever has no account may send. `about` is the address it is for, "sip:..." ; `padding`
/// makes its answer longer by so many characters.
std::string request(std::string_view method, std::string_view about, std::string_view transport,
                    std::size_t padding = 0);

} // namespace sotto::assess
