#include "config/value.hpp"

#include "config/problem.hpp"
#include "core/types/ascii.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace sotto::config {
namespace {

struct Unit {
    std::string_view name;
    long long factor;
};
constexpr std::array durations{Unit{"s", 1}, Unit{"m", 60}, Unit{"h", 3600}};
constexpr std::array sizes{Unit{"", 1}, Unit{"KiB", 1024}, Unit{"MiB", 1024 * 1024}};

Read wrong(std::string what, std::string remedy) { return {{}, std::move(what), std::move(remedy)}; }

Read right(Value value) { return {std::move(value), {}, {}}; }

/// A number with one of the units; nothing else before, between or behind. Nothing when it does not fit either.
std::optional<long long> scaled(std::string_view text, std::span<const Unit> units)
{
    long long number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || number < 0) return {};
    const std::string_view rest{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    const auto unit = std::ranges::find(units, rest, &Unit::name);
    if (unit == units.end()) return {};
    long long product = 0;
    if (__builtin_mul_overflow(number, unit->factor, &product)) return {};
    return product;
}

template <class Show> Read bounded(long long number, const Bounds& bounds, Show show)
{
    if ((number == 0 && bounds.zero) || (number >= bounds.least && number <= bounds.most))
        return right({.number = number, .text = {}, .address = {}});
    std::string remedy = "write " + show(bounds.least) + " to " + show(bounds.most);
    if (bounds.zero && bounds.least > 0) remedy += ", or 0";
    return wrong(number < bounds.least ? show(number) + " is too little" : show(number) + " is too much",
                 std::move(remedy));
}

std::string digits(long long number) { return std::to_string(number); }

bool is_name(std::string_view text)
{
    constexpr std::size_t longest_name = 253, longest_label = 63;
    if (text.empty() || text.size() > longest_name) return false;
    std::string_view last;
    while (true) {
        const auto dot = text.find('.');
        last = text.substr(0, dot);
        const bool plain = std::ranges::all_of(last, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
        });
        if (!plain || last.empty() || last.size() > longest_label || last.front() == '-' || last.back() == '-')
            return false;
        if (dot == std::string_view::npos) break;
        text.remove_prefix(dot + 1);
    }
    return last.find_first_not_of("0123456789") != std::string_view::npos; // else it is an address or a typing error
}

bool is_address(const std::string& host)
{
    std::array<unsigned char, sizeof(in6_addr)> scratch{};
    return inet_pton(AF_INET, host.c_str(), scratch.data()) == 1 ||
           inet_pton(AF_INET6, host.c_str(), scratch.data()) == 1;
}

/// Splits "host:port" and "[v6]:port".
std::optional<HostPort> split(std::string_view text)
{
    const auto colon = text.rfind(':');
    if (colon == std::string_view::npos) return {};
    std::string_view host = text.substr(0, colon);
    const auto port = text.substr(colon + 1);
    if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
        host = host.substr(1, host.size() - 2);
        if (host.find(':') == std::string_view::npos) return {};
    } else if (host.find(':') != std::string_view::npos) {
        return {};
    }
    std::uint16_t number = 0;
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc{} || end != port.data() + port.size() || number == 0) return {};
    return HostPort{lower(host), number};
}

} // namespace

Read read_flag(std::string_view text)
{
    if (text == "true") return right({.number = 1, .text = {}, .address = {}});
    if (text == "false") return right({});
    return wrong(as_written(text) + " is neither true nor false", "write true or false");
}

Read read_count(std::string_view text, const Bounds& bounds)
{
    const auto number = scaled(text, std::span{sizes}.first(1));
    if (!number)
        return wrong(as_written(text) + " is no number", "write a whole number, such as " + digits(bounds.least));
    return bounded(*number, bounds, digits);
}

Read read_bytes(std::string_view text, const Bounds& bounds)
{
    const auto number = scaled(text, sizes);
    if (!number) return wrong(as_written(text) + " is no size", "write a number of bytes, such as 65536 or 64KiB");
    return bounded(*number, bounds, digits);
}

Read read_duration(std::string_view text, const Bounds& bounds)
{
    if (const auto bare = scaled(text, std::span{sizes}.first(1)); bare && *bare != 0)
        return wrong("has no unit", "write " + digits(*bare) + "s, " + digits(*bare) + "m or " + digits(*bare) + "h");
    const auto number = text == "0" ? std::optional<long long>{0} : scaled(text, durations);
    if (!number)
        return wrong(as_written(text) + " is no duration",
                     "write a number and s, m or h, such as " + duration_text(bounds.least));
    return bounded(*number, bounds, duration_text);
}

Read read_choice(std::string_view text, std::span<const std::string_view> choices)
{
    const auto found = std::ranges::find(choices, text);
    if (found != choices.end())
        return right({.number = found - choices.begin(), .text = std::string{text}, .address = {}});
    std::string remedy = "write ";
    for (std::size_t i = 0; i < choices.size(); ++i) {
        if (i > 0) remedy += i + 1 == choices.size() ? " or " : ", ";
        remedy += choices[i];
    }
    return wrong(as_written(text) + " is not known", std::move(remedy));
}

Read read_path(std::string_view text)
{
    if (text.empty()) return wrong("is empty", "write a path; a relative one starts at the folder of this file");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_name(std::string_view text)
{
    if (!is_name(text))
        return wrong(as_written(text) + " is no domain name",
                     "write a DNS name such as example.org; certificates prove names, not addresses");
    return right({.number = 0, .text = lower(text), .address = {}});
}

Read read_endpoint(std::string_view text)
{
    auto address = split(text);
    if (!address || !is_address(address->host))
        return wrong(as_written(text) + " is no address to listen on",
                     "write an IP address and a port, such as \"127.0.0.1:5061\" or \"[::1]:5061\"");
    return right({.number = 0, .text = {}, .address = std::move(*address)});
}

Read read_advertised(std::string_view text)
{
    auto address = split(text);
    if (!address || !is_name(address->host))
        return wrong(as_written(text) + " is no name with a port",
                     "write a DNS name and a port, such as \"sip.example.org:5061\"");
    return right({.number = 0, .text = {}, .address = std::move(*address)});
}

Read read_prefix(std::string_view text)
{
    constexpr std::size_t longest = 8;
    if (text.size() > longest || text.find_first_not_of("0123456789*#") != std::string_view::npos)
        return wrong(as_written(text) + " cannot be dialled",
                     "write up to 8 of 0 to 9, * and # in quotes, such as \"#31#\"");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_number(std::string_view text)
{
    const auto digits_of = text.substr(text.starts_with('+') ? 1 : 0);
    if (digits_of.empty() || digits_of.size() > 15 ||
        digits_of.find_first_not_of("0123456789") != std::string_view::npos)
        return wrong(as_written(text) + " is not how a number begins", "write digits in quotes, such as \"+49\"");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_word(std::string_view text)
{
    constexpr std::size_t longest = 32;
    const bool plain = !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
    });
    if (!plain) return wrong(as_written(text) + " is no name", "write up to 32 letters, digits, \"-\" and \"_\"");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_credential(std::string_view text)
{
    constexpr std::size_t longest = 64;
    const bool plain = !text.empty() && text.size() <= longest && std::ranges::all_of(text, [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\' && c != ':';
    });
    if (!plain) return wrong("is no user name", "write the name that the trunk's operator gave you, without quotes");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_match(std::string_view text)
{
    constexpr std::string_view service = "urn:service:";
    constexpr std::size_t most_digits = 15;
    const auto digits = text.starts_with('+') ? text.substr(1) : text;
    const bool number = digits.size() <= most_digits && digits.find_first_not_of("0123456789") == text.npos &&
                        (text.starts_with('+') || !text.empty());
    const auto below = lower(text).starts_with(service) ? text.substr(service.size()) : std::string_view{};
    if (text == "*" || number || (!below.empty() && is_name(below)) || is_name(text))
        return right({.number = 0, .text = lower(text), .address = {}});
    return wrong(as_written(text) + " matches nothing",
                 "write a domain, \"*\" for every domain, \"+49\" for numbers, \"112\", or urn:service:sos");
}

Read read_target(std::string_view text)
{
    if (is_name(text)) return right({.number = 0, .text = lower(text), .address = {}});
    if (const auto address = split(text); address && is_name(address->host))
        return right({.number = 0, .text = to_string(*address), .address = {}});
    return wrong(as_written(text) + " is no host",
                 "write a DNS name such as trunk.example.net, with a port if it has no "
                 "SRV record; certificates prove names, not addresses");
}

Read read_digits(std::string_view text)
{
    constexpr std::size_t longest = 16;
    const auto digits = text.starts_with('+') ? text.substr(1) : text;
    if (text.size() > longest || digits.find_first_not_of("0123456789") != text.npos ||
        (digits.empty() && !text.empty()))
        return wrong(as_written(text) + " are no digits", "write them in quotes, such as \"49\"; \"\" for none");
    return right({.number = 0, .text = std::string{text}, .address = {}});
}

Read read_account(std::string_view text)
{
    const auto at = text.rfind('@');
    const bool whole = at != std::string_view::npos && at > 0 && is_name(text.substr(at + 1)) &&
                       text.find_first_of(" \t<>\":") == std::string_view::npos;
    if (!whole) return wrong("is no account's address", "write an address without a scheme, such as alice@example.org");
    return right({.number = 0, .text = std::string{text.substr(0, at)} + lower(text.substr(at)), .address = {}});
}

Read read_account_or_all(std::string_view text)
{
    if (text == "*") return right({.number = 0, .text = "*", .address = {}});
    auto read = read_account(text);
    if (read.value) return read;
    return wrong("an entry is no account",
                 "write \"*\" for every account, or an address without a scheme, such as alice@example.org");
}

Read read_origin(std::string_view text)
{
    constexpr std::string_view scheme = "https://";
    const auto written = lower(text);
    const auto rest = std::string_view{written}.substr(std::min(scheme.size(), written.size()));
    const auto with_port = split(rest);
    const bool named = is_name(rest) || (with_port && is_name(with_port->host) && with_port->port != 443);
    if (!written.starts_with(scheme) || !named)
        return wrong(as_written(text) + " is no origin of a web page",
                     "write https:// and a name, with a port when it is not 443, such as https://phone.example.org");
    return right({.number = 0, .text = written, .address = {}});
}

Read read_turn_uri(std::string_view text)
{
    const auto written = lower(text);
    const auto colon = written.find(':');
    const auto question = written.find('?');
    const auto scheme = std::string_view{written}.substr(0, colon);
    const auto rest = std::string_view{written}.substr(0, question).substr(std::min(colon, written.size() - 1) + 1);
    const auto transport = question == std::string::npos ? std::string{} : written.substr(question);
    const auto with_port = split(rest);
    const std::string host = with_port ? with_port->host : std::string{rest};
    const bool good = (scheme == "turn" || scheme == "turns") && (is_name(host) || is_address(host)) &&
                      (transport.empty() || transport == "?transport=udp" || transport == "?transport=tcp");
    if (!good)
        return wrong(as_written(text) + " is no URI of a TURN server",
                     "write turn: or turns:, a name, and what it needs of port and ?transport=udp or tcp");
    return right({.number = 0, .text = written, .address = {}});
}

std::string duration_text(long long seconds)
{
    for (const auto& unit : {durations[2], durations[1]})
        if (seconds != 0 && seconds % unit.factor == 0) return digits(seconds / unit.factor) + std::string{unit.name};
    return digits(seconds) + "s";
}

} // namespace sotto::config
