// Bytes from a connection: framing and parsing. Whatever they are:
// - the same frames come out wherever the segments are cut, and when every byte comes alone;
// - what the framer has looked at, and the parser does not again, is as the parser would have found it;
// - every part of a message that is let through lives as long as the message, and holds no line end or control
// character;
// - a message without a defect, written again from its parts, is the same message;
// - where the reader of ordinary forms reads an element, the packaged grammar reads the same.
#include "fuzz/require.hpp"
#include "wire/canonical.hpp"
#include "wire/framer.hpp"
#include "wire/parse.hpp"
#include "wire/readers.hpp"

#include <cstdint>
#include <string>
#include <vector>

using namespace sotto;
using fuzz::require;
using wire::FrameKind;

// Views into the parser's own stack would be found, too.
extern "C" const char* __asan_default_options() { return "detect_stack_use_after_return=1"; }

namespace {

struct Cut {
    wire::Frame frame;
    std::string bytes;
    bool operator==(const Cut&) const = default;
};

// `pending` segments one after the other, as a connection would.
std::vector<Cut> frames(const std::vector<std::string_view>& segments, wire::Limits limits = {})
{
    wire::Framer framer{limits};
    std::string buffer;
    std::vector<Cut> cuts;
    for (const auto segment : segments) {
        buffer += segment;
        for (;;) {
            const auto frame = framer.next(buffer);
            require(frame.size <= buffer.size(), "a frame is no longer than the buffer");
            if (frame.kind == FrameKind::need_more) break;
            require(frame.size > 0, "a frame consumes something");
            require((frame.kind == FrameKind::refuse) == frame.refusal.has_value(), "a refusal says why");
            const auto bytes = buffer.substr(0, frame.size);
            if (frame.kind == FrameKind::broken) {
                cuts.push_back({{.kind = frame.kind}, {}});
                return cuts;
            }
            // A ping in two halves is a CRLF and a ping; only the ping shows.
            if (frame.kind == FrameKind::ping)
                cuts.push_back({{.kind = frame.kind}, {}});
            else if (frame.kind != FrameKind::crlf)
                cuts.push_back({frame, bytes});
            if (frame.kind == FrameKind::refuse) return cuts;
            buffer.erase(0, frame.size);
        }
    }
    return cuts;
}

std::vector<std::string_view> single_bytes(std::string_view bytes)
{
    std::vector<std::string_view> segments;
    for (std::size_t i = 0; i < bytes.size(); ++i) segments.push_back(bytes.substr(i, 1));
    return segments;
}

// Not by what the framer looks with.
void check_head(std::string_view text)
{
    auto head = text.substr(0, text.find("\r\n\r\n") + 2);
    while (!head.empty()) {
        const auto end = head.find("\r\n");
        for (const char c : head.substr(0, end))
            require(static_cast<unsigned char>(c) >= ' ' ? c != '\x7F' : c == '\t',
                    "no part of a message holds a control character");
        head.remove_prefix(end + 2);
    }
}

void check_message(std::string_view bytes, const wire::Frame& frame)
{
    MessagePtr message;
    {
        const std::string elsewhere{bytes}; // gone before the message is looked at
        message = wire::parse(elsewhere, frame);
    }
    if (frame.kind == FrameKind::message) {
        const auto unframed = wire::parse(bytes.substr(0, frame.size));
        require((unframed != nullptr) == (message != nullptr), "the framer's word makes no other message");
        if (message)
            require(message->defect == unframed->defect && test::canonical(*message) == test::canonical(*unframed),
                    "the framer's word makes no difference");
    }
    if (!message) return;
    const auto framing = frame.refusal;
    require(message->is_request || !message->defect, "a response with a defect goes no further");
    require(!framing || message->defect == framing, "what the framer found is the defect");
    require(!message->vias.empty() && !message->call_id.empty(), "there is something to answer with");
    for (const auto& via : message->vias) require(!via.text.empty() && !via.host.empty(), "a Via can be given back");
    const auto text = test::canonical(*message);
    check_head(text);
    if (message->defect) return;

    const auto again = wire::parse(text);
    require(again != nullptr, "a message written again is a message");
    if (again->defect == Refusal::header_too_large) return; // long lists may grow beyond the limits when written again
    require(!again->defect, "a message written again has no defect");
    require(test::canonical(*again) == text, "a message written again is the same message");
}

void check_address(std::string_view text)
{
    Arena arena{64};
    const auto address = wire::parse_address(std::string{text}, arena);
    if (!address) return;
    require(!address->uri.text.empty(), "an address has a URI");
    require(address->uri.text.find_first_of(" <>\"\r\n\t") == std::string_view::npos,
            "a URI cannot break out of its place");
}

// Every line, and every element of its value.
void check_readers(std::string_view bytes)
{
    std::string text;
    for (const char c : bytes) {
        if (static_cast<unsigned char>(c) >= 32 && c != 127) {
            text += c;
            continue;
        }
        require(test::readers_agree(text), "both readers read a line alike");
        const auto value = std::string_view{text}.substr(std::min(text.size(), text.find(':') + 1));
        for_each_element(value, [](std::string_view element) {
            require(test::readers_agree(element), "both readers read an element alike");
        });
        text.clear();
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    const auto whole = frames({bytes});
    const auto middle = size == 0 ? 0 : static_cast<std::size_t>(data[size / 2]) % size;
    require(frames({bytes.substr(0, middle), bytes.substr(middle)}) == whole, "segments make no difference");
    require(frames(single_bytes(bytes)) == whole, "nor do single bytes");
    // Limits within the fuzzer's reach.
    constexpr wire::Limits narrow{.head = 256, .body = 32, .line = 96, .lines = 8, .commas = 4};
    require(frames(single_bytes(bytes), narrow) == frames({bytes}, narrow), "nor where something is too large");

    for (const auto& cut : whole)
        if (cut.frame.kind == FrameKind::message || cut.frame.kind == FrameKind::refuse)
            check_message(cut.bytes, cut.frame);
    const auto single = wire::frame_whole(bytes, wire::Limits{});
    if (single.kind == FrameKind::message || single.kind == FrameKind::refuse) check_message(bytes, single);
    check_message(bytes, {.size = bytes.size()});
    check_address(bytes);
    check_readers(bytes);
    return 0;
}
