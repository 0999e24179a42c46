#pragma once
#include "core/message/header.hpp"
#include "core/message/method.hpp"
#include "core/message/refusal.hpp"
#include "core/types/arena.hpp"
#include "core/types/uri.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

namespace sotto {

/// A name-addr or addr-spec with its header parameters (RFC 3261 20.10). `params` without the leading ';'.
struct NameAddr {
    std::string_view display; ///< as written, quotes included
    Uri uri;
    std::string_view params;

    [[nodiscard]] std::optional<std::string_view> param(std::string_view name) const
    {
        return find_param(params, name);
    }
    [[nodiscard]] std::string_view tag() const { return param("tag").value_or(std::string_view{}); }
};

/// RFC 3261 20.42. `text` is the value as written, without folds, to be given back in the response.
struct Via {
    std::string_view transport; ///< "TLS", "WSS", ...
    std::string_view host;
    std::uint16_t port{0}; ///< 0: none given
    std::string_view params;
    std::string_view text;

    [[nodiscard]] std::string_view branch() const { return find_param(params, "branch").value_or(std::string_view{}); }
};

struct CSeq {
    std::uint32_t number{0};
    Method method{Method::other};
    std::string_view method_name; ///< as written: what Sotto does not know must be echoed too
};

/// A header field that Sotto reads as text: value unfolded, trimmed. Several of one name stay several, in order.
struct HeaderField {
    Header name;
    std::string_view value;
};

/// One SIP message: the parts that some rule reads, and nothing else (what is not copied cannot leak).
/// All views point into the message's own arena. Made by `wire::parse`; never changed afterwards.
struct Message {
    explicit Message(std::size_t arena_size) : arena{arena_size} {}
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;

    bool is_request{true};
    Method method{Method::other}; ///< of the request line; in a response, of CSeq
    std::string_view method_name;
    Uri request_uri;         ///< requests only
    std::uint16_t status{0}; ///< responses only: 100-699

    std::span<const Via> vias; ///< topmost first
    NameAddr from;
    NameAddr to;
    std::string_view call_id;
    CSeq cseq;
    std::optional<std::uint32_t> max_forwards;
    std::span<const NameAddr> contacts;
    bool contact_star{false}; ///< `Contact: *`
    std::span<const NameAddr> routes;
    std::span<const NameAddr> record_routes;
    std::span<const NameAddr> paths;
    std::optional<NameAddr> refer_to;
    std::optional<NameAddr> referred_by;
    std::span<const NameAddr> asserted;  ///< P-Asserted-Identity
    std::span<const NameAddr> preferred; ///< P-Preferred-Identity
    std::span<const HeaderField> fields; ///< every other header of the table, in order of arrival
    std::span<const std::uint8_t>
        unread; ///< of the fields that no rule reads: where their names stand in `unread_names`
    std::string_view body;

    /// Set when the request is to be answered with this and not to be processed further. The parts needed to answer
    /// (Via, From, To, Call-ID, CSeq) are there all the same. Responses with a defect never leave `wire::parse`.
    std::optional<Refusal> defect;

    Arena arena;

    /// Value of the first field of that name, nothing when absent.
    [[nodiscard]] std::optional<std::string_view> field(Header name) const;
    [[nodiscard]] bool has(Header name) const { return field(name).has_value(); }
    /// True when `token` is in the comma-separated values of all fields of that name; compared without case.
    [[nodiscard]] bool lists(Header name, std::string_view token) const;
};

using MessagePtr = std::unique_ptr<Message>;

/// Calls `each` with every element of a comma-separated list, trimmed; commas in quotes or <> do not split.
template <class Each> void for_each_element(std::string_view list, Each each)
{
    if (list.find(',') == list.npos && list.find('\\') == list.npos) { // as most lines are: one element
        if (const auto one = trim(list); !one.empty()) each(one);
        return;
    }
    std::size_t from = 0;
    if (list.find('"') == list.npos && list.find('<') == list.npos) { // from comma to comma
        for (auto end = list.find(','); from <= list.size(); end = list.find(',', from)) {
            if (end == list.npos) end = list.size();
            if (const auto one = trim(list.substr(from, end - from)); !one.empty()) each(one);
            from = end + 1;
        }
        return;
    }
    bool quoted = false;
    bool angled = false;
    for (std::size_t i = 0; i <= list.size(); ++i) {
        i = std::min(quoted ? find_either(list, '"', '\\', i) : find_list_mark(list, i), list.size());
        const char c = i < list.size() ? list[i] : ',';
        if (quoted && i < list.size()) {
            if (c == '\\')
                ++i;
            else if (c == '"')
                quoted = false;
        } else if (c == '"') {
            quoted = true;
        } else if (c == '<') {
            angled = true;
        } else if (c == '>') {
            angled = false;
        } else if ((c == ',' && !angled) || i >= list.size()) {
            if (const auto one = trim(list.substr(from, i - from)); !one.empty()) each(one);
            from = i + 1;
        }
    }
}

} // namespace sotto
