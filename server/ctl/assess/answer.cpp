#include "ctl/assess/answer.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cctype>
#include <charconv>
#include <openssl/rand.h>

namespace sotto::assess {
namespace {

char small(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string in_small(std::string_view text)
{
    std::string out{text};
    std::ranges::transform(out, out.begin(), small);
    return out;
}

std::string_view trimmed(std::string_view text)
{
    constexpr std::string_view blank = " \t\r";
    const auto first = text.find_first_not_of(blank);
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(blank) - first + 1);
}

bool is_address(const std::string& word)
{
    std::array<unsigned char, 16> room{};
    return ::inet_pton(AF_INET, word.c_str(), room.data()) == 1 ||
           (std::ranges::count(word, ':') > 1 && ::inet_pton(AF_INET6, word.c_str(), room.data()) == 1);
}

std::string random_word(std::size_t bytes)
{
    constexpr std::string_view digits = "0123456789abcdef";
    std::vector<unsigned char> raw(bytes);
    RAND_bytes(raw.data(), static_cast<int>(raw.size()));
    std::string word;
    for (const auto byte : raw) (word += digits[byte >> 4U]) += digits[byte & 15U];
    return word;
}

} // namespace

SipAnswer::SipAnswer(std::string_view bytes)
{
    constexpr std::string_view version = "SIP/2.0 ";
    if (!bytes.starts_with(version)) return;
    const auto code = bytes.substr(version.size(), 3);
    std::from_chars(code.data(), code.data() + code.size(), status_);
    auto end = bytes.find('\n');
    while (end != std::string_view::npos) {
        bytes.remove_prefix(end + 1);
        end = bytes.find('\n');
        const auto line = bytes.substr(0, end);
        if (trimmed(line).empty()) return;
        if ((line.front() == ' ' || line.front() == '\t') && !fields_.empty()) {
            fields_.back().value.append(" ").append(trimmed(line));
            continue;
        }
        const auto colon = line.find(':');
        if (colon == std::string_view::npos) continue;
        fields_.push_back({in_small(trimmed(line.substr(0, colon))), std::string{trimmed(line.substr(colon + 1))}});
    }
}

std::vector<std::string> SipAnswer::values(std::string_view name) const
{
    std::vector<std::string> found;
    for (const auto& field : fields_)
        if (field.name == in_small(name)) found.push_back(field.value);
    return found;
}

std::vector<std::string> SipAnswer::addresses() const
{
    std::vector<std::string> found;
    for (const auto& [name, value] : fields_) {
        if (name == "via" || name == "v" || name == "call-id" || name == "i") continue;
        std::string word;
        for (const char c : value + " ") {
            if (std::isxdigit(static_cast<unsigned char>(c)) != 0 || c == '.' || c == ':') {
                word += c;
                continue;
            }
            while (word.starts_with(':') && !word.starts_with("::")) word.erase(0, 1); // of "sip:"
            if (!is_address(word)) word.erase(std::min(word.rfind(':'), word.size())); // a port behind it
            if (is_address(word) && std::ranges::find(found, word) == found.end()) found.push_back(word);
            word.clear();
        }
    }
    return found;
}

std::vector<std::string> SipAnswer::digests() const
{
    std::vector<std::string> found;
    for (const auto* name : {"www-authenticate", "proxy-authenticate"})
        for (const auto& value : values(name)) {
            const auto text = in_small(value);
            if (!text.starts_with("digest")) continue;
            std::string algorithm = "MD5";
            if (const auto at = text.find("algorithm="); at != std::string::npos) {
                algorithm = value.substr(at + std::string_view{"algorithm="}.size());
                std::erase(algorithm, '"');
                algorithm = algorithm.substr(0, algorithm.find_first_of(", "));
            }
            std::ranges::transform(algorithm, algorithm.begin(), [](char c) {
                return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
            });
            if (std::ranges::find(found, algorithm) == found.end()) found.push_back(algorithm);
        }
    return found;
}

std::string request(std::string_view method, std::string_view about, std::string_view transport, std::size_t padding)
{
    const std::string uri{about};
    // A stranger who shows nothing of this machine (RFC 3323 4.1.1.3).
    std::string text = std::string{method} + " " + uri + " SIP/2.0\r\nVia: SIP/2.0/" + std::string{transport} +
                       " anonymous.invalid;rport;branch=z9hG4bK" + random_word(8) + "\r\nMax-Forwards: 70\r\nFrom: <" +
                       (method == "REGISTER" ? uri : "sip:anonymous@anonymous.invalid") + ">;tag=" + random_word(8) +
                       "\r\nTo: <" + uri + ">\r\nCall-ID: " + random_word(12) + std::string(padding, 'x') +
                       "\r\nCSeq: 1 " + std::string{method} + "\r\n";
    if (method == "OPTIONS") text += "Contact: <sip:anonymous@anonymous.invalid>\r\nAccept: application/sdp\r\n";
    return text + "Content-Length: 0\r\n\r\n";
}

} // namespace sotto::assess
