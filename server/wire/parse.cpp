#include "wire/parse.hpp"

#include "core/message/unread.hpp"
#include "core/privacy/identity.hpp"
#include "wire/characters.hpp"
#include "wire/grammar.hpp"
#include "wire/head.hpp"
#include "wire/salvage.hpp"
#include "wire/start_line.hpp"

#include <array>
#include <bitset>
#include <stdexcept>
#include <utility>

namespace sotto::wire {
namespace {

constexpr Limits limits{};

// Room beside the bytes themselves: a usual message's Via, addresses and fields.
constexpr std::size_t arena_overhead = 3'072;

/// Headers that may be there only once (RFC 3261 20 and the RFCs that define the others). A second one is refused: what
/// we read and what the next element reads must be the same.
// clang-format off
constexpr std::array singles{
    Header::from, Header::to, Header::call_id, Header::cseq, Header::max_forwards, Header::max_breadth, Header::expires,
    Header::min_expires, Header::event, Header::subscription_state, Header::refer_to, Header::referred_by,
    Header::refer_sub, Header::replaces, Header::join, Header::target_dialog, Header::rack, Header::rseq,
    Header::session_expires, Header::min_se, Header::retry_after, Header::date, Header::priority,
    Header::info_package, Header::geolocation_routing, Header::flow_timer, Header::mime_version,
    Header::content_type, Header::content_disposition, Header::content_encoding, Header::content_id,
    Header::content_length,
};

/// What no response can do without: who answers what, where the requests after it go, and what it says. Of the others of
/// its headers none is given on as it stands: what cannot be read is not there, and the first one of `singles` counts.
constexpr std::array needed_in_responses{
    Header::via, Header::from, Header::to, Header::call_id, Header::cseq, Header::record_route,
    Header::content_type, Header::content_disposition, Header::content_encoding, Header::content_length,
};

/// Read into a member of their own; the others become fields.
constexpr std::array structured{
    Header::via, Header::from, Header::to, Header::call_id, Header::cseq, Header::max_forwards, Header::contact,
    Header::route, Header::record_route, Header::path, Header::refer_to, Header::referred_by,
    Header::p_asserted_identity, Header::p_preferred_identity,
};
// clang-format on

constexpr auto count = static_cast<std::size_t>(Header::count_);
using HeaderSet = std::array<bool, count>;

template <std::size_t size> constexpr HeaderSet set_of(const std::array<Header, size>& headers)
{
    HeaderSet set{};
    for (const auto header : headers) set[static_cast<std::size_t>(header)] = true;
    return set;
}

constexpr HeaderSet is_single = set_of(singles);
constexpr HeaderSet is_needed_in_responses = set_of(needed_in_responses);
constexpr HeaderSet is_structured = set_of(structured);

/// Trivial: room for as many as there may be costs nothing.
struct Line {
    Header name;
    const char* text;
    std::size_t size;

    [[nodiscard]] std::string_view value() const { return {text, size}; }
};

/// Fills one Message. Each step says false when nothing can be answered.
class Reader {
public:
    Reader(std::string_view bytes, const Frame& frame)
        : message_{std::make_unique<Message>(bytes.size() + arena_overhead)}
    {
        message_->defect = frame.refusal;
        const auto own = message_->arena.array<char>(bytes.size());
        std::ranges::copy(bytes, own.data());
        if (frame.kind == FrameKind::message)
            take_head(own, frame);
        else
            find_head(own);
    }

    MessagePtr read()
    {
        if (head_.empty() || !start_line()) return nullptr;
        collect_lines();
        if (!vias() || !dialog() || !cseq()) return nullptr;
        if (!message_->is_request) return answer() ? std::move(message_) : nullptr;
        if (!message_->defect) rest();
        return std::move(message_);
    }

private:
    void refuse(Refusal refusal)
    {
        if (!message_->defect) message_->defect = refusal;
    }

    // The bytes are in the message's arena; folds become spaces there.
    void take_head(std::span<char> own, const Frame& frame)
    {
        const auto head = own.first(frame.head - 2); // without the blank line
        if (frame.folded) unfold(head);
        head_ = {head.data(), head.size()};
        message_->body = std::string_view{own.data(), own.size()}.substr(frame.head);
    }

    // The same where the framer has not said where the head ends, or that there is something wrong with it: whatever
    // could end a line for somebody else becomes a question mark (with the defect that goes with it).
    void find_head(std::span<char> own)
    {
        const std::string_view all{own.data(), own.size()};
        const auto end = all.find("\r\n\r\n");
        if (end == std::string_view::npos && !message_->defect) return;
        head_ = end == std::string_view::npos ? all : all.substr(0, end + 2);
        if (end != std::string_view::npos) message_->body = all.substr(end + 4);
        if (head_.size() > limits.head) {
            refuse(Refusal::header_too_large);
            const auto last = head_.substr(0, limits.head).rfind("\r\n");
            head_ = last == std::string_view::npos ? std::string_view{} : head_.substr(0, last + 2);
        }
        const auto examined = examine(head_, limits);
        if (examined.fault) {
            refuse(*examined.fault);
            if (*examined.fault == Refusal::malformed_header) neutralise(own.first(head_.size()));
        }
        if (examined.folded) unfold(own.first(head_.size()));
    }

    static void neutralise(std::span<char> head)
    {
        for (std::size_t i = 0; i < head.size(); ++i) {
            const auto byte = static_cast<unsigned char>(head[i]);
            if (byte == '\r' && i + 1 < head.size() && head[i + 1] == '\n')
                ++i;
            else if ((byte < 32 && byte != '\t') || byte == 127)
                head[i] = '?';
        }
    }

    static void unfold(std::span<char> head)
    {
        const std::string_view text{head.data(), head.size()};
        for (auto at = text.find("\r\n"); at + 2 < text.size(); at = text.find("\r\n", at + 2))
            if (text[at + 2] == ' ' || text[at + 2] == '\t') head[at] = head[at + 1] = ' ';
    }

    bool start_line()
    {
        const auto start = read_start_line(take_line(head_));
        if (!start) return false;
        message_->is_request = start->is_request;
        message_->status = start->status;
        if (!start->is_request) return true;
        message_->method_name = start->method;
        message_->method = method_of(start->method);
        if (start->defect)
            refuse(*start->defect);
        else
            request_uri(start->uri);
        return true;
    }

    /// Whether the address is one that nobody could read any more as Sotto writes it: what RFC 3261 25.1 does not admit
    /// in a user, and phones put there all the same ('#'), is three times as long once it is escaped.
    static bool outgrows(const Uri& uri)
    {
        if (uri.text.size() <= Grammar::longest_uri / 3 || !uri.is_sip()) return false;
        const auto aor = unescape(uri.user).value_or(std::string{}).append("@").append(uri.host);
        return address_uri(Scheme::sips, aor).size() > Grammar::longest_uri;
    }

    std::optional<NameAddr> address_to_write(std::string_view text)
    {
        auto address = grammar_.name_addr(text);
        if (address && outgrows(address->uri)) address.reset();
        return address;
    }

    void request_uri(std::string_view text)
    {
        if (text.size() > Grammar::longest_uri) return refuse(Refusal::uri_too_long);
        const auto uri = grammar_.uri(text);
        // Headers have no place in a Request-URI (RFC 3261 19.1.1, table 1).
        if (!uri || (uri->is_sip() && !uri->headers.empty())) return refuse(Refusal::bad_uri);
        if (uri->scheme == Scheme::other) return refuse(Refusal::unsupported_scheme);
        if (outgrows(*uri)) return refuse(Refusal::uri_too_long);
        message_->request_uri = *uri;
    }

    // Lines whose name no rule reads end here: of them no more is kept than which known name it was.
    void collect_lines()
    {
        std::size_t fields = 0;
        std::size_t unread = 0;
        while (!head_.empty()) {
            const auto line = take_line(head_);
            const auto header = split(line);
            if (!header) {
                refuse(Refusal::malformed_header);
                continue;
            }
            const auto name = header_of(header->name);
            if (!name) {
                if (unread < unread_.size()) unread_[unread++] = unread_index(header->name);
                continue;
            }
            if (header->value.size() > Grammar::longest || line_count_ == lines_.size()) {
                refuse(Refusal::header_too_large);
                continue;
            }
            const auto index = static_cast<std::size_t>(*name);
            if (is_single[index] && seen_.test(index)) {
                if (message_->is_request || is_needed_in_responses[index]) refuse(Refusal::repeated_header);
                continue;
            }
            if (!seen_.test(index)) first_[index] = static_cast<std::uint16_t>(line_count_);
            seen_.set(index);
            lines_[line_count_++] = {*name, header->value.data(), header->value.size()};
            if (!is_structured[index]) ++fields;
        }
        const auto out = message_->arena.array<HeaderField>(fields);
        std::size_t at = 0;
        for (const auto& line : lines())
            if (!is_structured[static_cast<std::size_t>(line.name)]) out[at++] = {line.name, line.value()};
        message_->fields = out;
        const auto names = message_->arena.array<std::uint8_t>(unread);
        std::ranges::copy(std::span{unread_}.first(unread), names.begin());
        message_->unread = names;
    }

    [[nodiscard]] std::span<const Line> lines() const { return std::span{lines_}.first(line_count_); }

    /// Whether there is a line of that name: most that a rule asks for are not there.
    [[nodiscard]] bool seen(Header name) const { return seen_.test(static_cast<std::size_t>(name)); }

    /// From the first line of that name on.
    [[nodiscard]] std::span<const Line> lines_from(Header name) const
    {
        return seen(name) ? lines().subspan(first_[static_cast<std::size_t>(name)]) : std::span<const Line>{};
    }

    [[nodiscard]] std::optional<std::string_view> value_of(Header name) const
    {
        const auto lines = lines_from(name);
        return lines.empty() ? std::nullopt : std::optional{lines.front().value()};
    }

    static std::size_t commas_in(std::string_view text)
    {
        std::size_t commas = 0;
        for (auto at = text.find(','); at != std::string_view::npos; at = text.find(',', at + 1)) ++commas;
        return commas;
    }

    // Every element of every line of that name, in order, as `one` reads it. False when it could not read one of them.
    template <class Item, class One> bool list(Header name, std::span<const Item>& to, One one)
    {
        const auto lines = lines_from(name);
        if (lines.empty()) return true;
        std::size_t most = 0;
        for (const auto& line : lines)
            if (line.name == name) most += 1 + commas_in(line.value());
        const auto items = message_->arena.array<Item>(most);
        std::size_t used = 0;
        bool good = true;
        for (const auto& line : lines) {
            if (line.name != name) continue;
            if (line.size == 0) good = false;
            for_each_element(line.value(), [&](std::string_view element) {
                const std::optional<Item> item = one(element);
                if (item)
                    items[used++] = *item;
                else
                    good = false;
            });
        }
        to = items.first(used);
        return good;
    }

    // A malformed Via below the top one that leaves nothing to give back is left out of the 400; without a top one
    // there is no transaction to answer.
    bool vias()
    {
        bool top = true;
        bool usable = true;
        const bool all = list<Via>(Header::via, message_->vias, [&](std::string_view element) {
            auto via = grammar_.via(element);
            if (!via && message_->is_request) {
                refuse(Refusal::malformed_header);
                via = salvage_via(grammar_, element, message_->arena);
            }
            if (top && !via) usable = false;
            top = false;
            return via;
        });
        return usable && (all || message_->is_request) && !message_->vias.empty();
    }

    bool dialog()
    {
        const auto call_id = value_of(Header::call_id);
        if (!call_id || call_id->empty()) return false;
        message_->call_id = *call_id;
        if (!grammar_.call_id(*call_id)) refuse(Refusal::malformed_header);
        return party(Header::from, message_->from) && party(Header::to, message_->to);
    }

    bool party(Header name, NameAddr& to)
    {
        const auto value = value_of(name);
        if (!value) return false;
        auto address = grammar_.name_addr(*value);
        if (!address) {
            refuse(Refusal::malformed_header);
            address = salvage_address(grammar_, *value);
            if (!address) return false;
        }
        if (message_->is_request && (repeats_tag(address->params) || outgrows(address->uri))) // RFC 3261 7.3.1
            refuse(Refusal::malformed_header);
        to = *address;
        return true;
    }

    static bool repeats_tag(std::string_view params)
    {
        const auto first = find_param(params, "tag");
        return first &&
               find_param(params.substr(static_cast<std::size_t>(first->data() - params.data()) + first->size()),
                          "tag");
    }

    // A number of 2^31 or more (RFC 3261 8.1.1.5) is answered with the largest that can be written.
    bool cseq()
    {
        const auto value = value_of(Header::cseq);
        if (!value) return false;
        const auto blank = std::min(find_either(*value, ' ', '\t'), value->size());
        const auto digits = value->substr(0, blank);
        const auto method = trim(value->substr(blank));
        if (!all_digits(digits) || !all(In::token, method)) return false;
        constexpr std::uint64_t beyond = std::uint64_t{1} << 31U;
        const auto number = number_up_to(beyond, digits);
        if (number == beyond) refuse(Refusal::malformed_header);
        message_->cseq = {static_cast<std::uint32_t>(std::min(number, beyond - 1)), method_of(method), method};
        if (!message_->is_request) {
            message_->method = message_->cseq.method;
            message_->method_name = method;
        } else if (method != message_->method_name) {
            refuse(Refusal::cseq_mismatch);
        }
        return true;
    }

    void rest()
    {
        max_forwards();
        if (!contacts()) refuse(Refusal::bad_contact);
        routes(Header::route, message_->routes);
        routes(Header::record_route, message_->record_routes);
        routes(Header::path, message_->paths);
        addresses(Header::p_asserted_identity, message_->asserted);
        addresses(Header::p_preferred_identity, message_->preferred);
        single(Header::refer_to, message_->refer_to);
        single(Header::referred_by, message_->referred_by);
    }

    /// Nobody waits longer, or hears it ring after somebody has answered, for the sake of a header that is not needed:
    /// a Contact that cannot be read is none, and a failure begins no dialog.
    bool answer()
    {
        if (message_->status < 300) routes(Header::record_route, message_->record_routes);
        if (message_->status < 400 && !contacts()) message_->contacts = {};
        return !message_->defect;
    }

    void max_forwards()
    {
        const auto value = value_of(Header::max_forwards);
        if (!value) return;
        if (!all_digits(*value) || number_up_to(256, *value) == 256) return refuse(Refusal::malformed_header);
        message_->max_forwards = static_cast<std::uint32_t>(number_up_to(256, *value));
    }

    bool contacts()
    {
        bool star = false;
        const bool good = list<NameAddr>(Header::contact, message_->contacts, [&](std::string_view element) {
            if (element != "*") return grammar_.name_addr(element);
            const bool again = star;
            star = true;
            return again ? std::nullopt : std::optional{NameAddr{.display = element}};
        });
        if (!good || (star && message_->contacts.size() > 1)) return false;
        if (star) message_->contacts = {};
        message_->contact_star = star;
        return true;
    }

    // name-addr only: the URI is in <> (RFC 3261 20.30, 20.34).
    void routes(Header name, std::span<const NameAddr>& to)
    {
        const bool good = list<NameAddr>(name, to, [this](std::string_view element) -> std::optional<NameAddr> {
            if (element.find('<') == std::string_view::npos) return std::nullopt;
            return grammar_.name_addr(element);
        });
        if (!good) refuse(Refusal::bad_route);
    }

    void addresses(Header name, std::span<const NameAddr>& to)
    {
        if (!list<NameAddr>(name, to, [this](std::string_view element) { return address_to_write(element); }))
            refuse(Refusal::malformed_header);
    }

    void single(Header name, std::optional<NameAddr>& to)
    {
        const auto value = value_of(name);
        if (!value) return;
        to = address_to_write(*value);
        if (!to) refuse(Refusal::malformed_header);
    }

    MessagePtr message_;
    std::string_view head_; ///< what is still to be read of it
    std::array<Line, Limits::most_lines> lines_;
    std::size_t line_count_{0};
    std::bitset<count> seen_;
    std::array<std::uint16_t, count> first_; ///< of each name that was seen: where in `lines_`
    std::array<std::uint8_t, Limits::most_lines> unread_;
    Grammar grammar_;
};

} // namespace

void initialise()
{
    // One message through all of it now: symbols are bound before the process is confined, and a library that does not
    // do what this code was written for is found at the start. Nothing in it has the ordinary form.
    constexpr std::string_view sample =
        "OPTIONS SIP:a@b.invalid SIP/2.0\r\nVia: SIP / 2.0 / TLS b.invalid ;branch=z9hG4bK1\r\n"
        "From: sip:a@b.invalid;tag=1\r\nTo: \"\\B\" <sip:b@b.invalid> ; x\r\nCall-ID: 1@b\r\n"
        "CSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    const auto message = parse(sample);
    if (!message || message->defect || message->vias[0].host != "b.invalid" || message->to.uri.user != "b")
        throw std::runtime_error{"the installed sofia-sip library does not parse a sample message"};
}

MessagePtr parse(std::string_view bytes, const Frame& frame)
{
    // 40 KiB on the stack, nothing of which is read before it is written: hardened builds need not fill it for each
    // message.
    __attribute__((uninitialized)) Reader reader{bytes.substr(0, frame.size), frame};
    return reader.read();
}

MessagePtr parse(std::string_view bytes) { return parse(bytes, Frame{.size = bytes.size()}); }

bool is_request(std::string_view bytes)
{
    const auto start = read_start_line(bytes.substr(0, bytes.find("\r\n")));
    return start && start->is_request;
}

bool is_response(std::string_view bytes) { return iequals(bytes.substr(0, 4), "SIP/"); }

std::optional<NameAddr> parse_address(std::string_view text, Arena& arena)
{
    const auto trimmed = trim(text);
    if (trimmed.empty() || trimmed.size() > Grammar::longest) return std::nullopt;
    for (const char c : trimmed)
        if ((static_cast<unsigned char>(c) < 32 && c != '\t') || c == 127) return std::nullopt;
    Grammar grammar;
    return grammar.name_addr(arena.copy(trimmed));
}

} // namespace sotto::wire
