#include "core/sdp/minimise.hpp"

#include "core/sdp/candidate.hpp"
#include "core/sdp/description.hpp"
#include "core/sdp/layers.hpp"
#include "core/sdp/lines.hpp"
#include "core/sdp/payloads.hpp"
#include "core/sdp/section_names.hpp"
#include "core/sdp/sources.hpp"
#include "core/sdp/transport.hpp"

#include <deque>
#include <map>
#include <tuple>
#include <utility>

namespace sotto::sdp {

namespace {

/// One line to write: where it belongs, and what it is made from.
struct Item {
    std::uint64_t place{0};
    std::uint32_t arrival{0}; ///< decides between lines of the same place
    const LineRule* rule{nullptr};
    std::string_view value;
    const Candidate* candidate{nullptr}; ///< of an a=candidate: what was read of the value

    bool operator<(const Item& other) const { return std::tie(place, arrival) < std::tie(other.place, other.arrival); }
};

constexpr std::uint64_t place_of(const LineRule& rule, std::uint64_t major = 0, std::uint64_t middle = 0,
                                 std::uint64_t minor = 0)
{
    return (static_cast<std::uint64_t>(index_of(rule)) << 56U) | (major << 40U) | (middle << 36U) | minor;
}

constexpr std::size_t most_lowered = 24; ///< session-level lines that are written into every section
constexpr std::size_t most_groups = 8;
constexpr unsigned most_streams = 100;             ///< new ones in one section
constexpr std::size_t longest_result = 256 * 1024; ///< a hostile description must not grow without bound by lowering

/// What the sections of one BUNDLE group share (RFC 8843 7): they use the transport, and so the key, of one of them. It
/// counts only in a section that leaves, or media would pass whose key stays behind.
struct Bundle {
    std::array<std::uint8_t, Description::most_sections> members{}; ///< in the order of the group
    std::uint8_t count{0};
    bool worked_out{false}; ///< the following
    bool fingerprint{false};
    bool zrtp_hash{false};
    std::optional<Candidate> relay;
};

constexpr const Profile* profile_named(std::string_view name)
{
    const auto found = std::find_if(profiles.begin(), profiles.end(), [=](auto& p) { return iequals(p.name, name); });
    return found == profiles.end() ? nullptr : &*found;
}

class Minimiser {
public:
    /// `size`: of the text that was read.
    Minimiser(const Description& description, const SdpPolicy& policy, std::size_t size,
              std::pmr::memory_resource* memory)
        : in_{description}, policy_{policy}, items_{memory}, candidates_{memory}, groups_{memory}, bundles_{memory},
          mids_{memory}, foundations_{memory}, streams_{memory}, names_{memory}
    {
        out_.reserve(size + 256); // rarely longer than what it is made from
    }

    SdpResult description();
    SdpResult fragment();

private:
    void find_bundles();
    [[nodiscard]] const Bundle* bundle_of(const Section& section);

    std::optional<SdpRefusal> put_section(std::size_t index);
    enum class Carried : std::uint8_t { yes, rejected /* by its sender */, unsupported, malformed };
    [[nodiscard]] Carried carried(const Section& section, Payloads& payloads) const;
    void put_rejected(const Section& section, const Profile* profile);
    /// Which of them leave.
    struct Keys {
        bool fingerprint{false};
        bool zrtp{false};
        bool crypto{false};
        [[nodiscard]] bool any() const { return fingerprint || zrtp || crypto; }
    };
    [[nodiscard]] Keys keys_of(const Section& section, const Profile& profile);
    [[nodiscard]] std::optional<SdpRefusal> secure(const Section& section, const Profile& profile);
    [[nodiscard]] std::optional<SdpRefusal> choose_address(const Section& section, bool bundle_only);
    [[nodiscard]] bool collect(const Section& section, bool bundle_only);
    void add(const LineRule& rule, std::string_view value);
    void add_candidate(const LineRule& rule, std::string_view value);
    void add_payload_line(const LineRule& rule, std::string_view value);
    void put_items(std::size_t section);
    void put(const Item& item, std::size_t section);
    void put_candidate_of(const Candidate& candidate);
    void put_stream(std::string_view value, std::size_t section);
    void put_rtcp(std::string_view value);

    const Description& in_;
    const SdpPolicy& policy_;
    std::string out_;
    std::pmr::vector<Item> items_;
    std::pmr::deque<Candidate> candidates_; ///< what the items point at
    std::pmr::vector<std::string_view> groups_;
    std::pmr::vector<Bundle> bundles_;
    std::array<std::uint8_t, Description::most_sections> bundle_{}; ///< of each section: its bundle's number plus 1
    std::pmr::map<std::string_view, std::size_t> mids_;
    std::pmr::map<std::string_view, unsigned> foundations_;
    std::pmr::map<std::string_view, unsigned> streams_;
    SectionNames names_;
    bool unsupported_{false};               ///< a section was rejected by us
    std::optional<SdpRefusal> unprotected_; ///< one of an offer was for that
    bool active_{false};                    ///< a section was not

    // Of the section that is being written:
    Payloads payloads_;
    Address address_;
    std::uint16_t port_{0};
    std::optional<Candidate> rtcp_relay_;
    Keys keep_;
    std::vector<std::string_view> layers_; ///< what RTP names, and simulcast may
    Sources sources_;
    Priorities priorities_;
    bool direction_written_{false};
    unsigned new_streams_{0};
};

void Minimiser::find_bundles()
{
    for (std::size_t i = 0; i < in_.sections.size(); ++i)
        if (!in_.sections[i].mid.empty()) mids_.emplace(in_.sections[i].mid, i);

    for (const auto& attribute : in_.attributes_of(in_.session)) {
        if (attribute.rule->kind != Kind::group || groups_.size() == most_groups) continue;
        groups_.push_back(attribute.value);
        auto members = attribute.value;
        if (take_word(members) != "BUNDLE") continue;
        auto& bundle = bundles_.emplace_back();
        for (auto mid = take_word(members); !mid.empty(); mid = take_word(members)) {
            const auto found = mids_.find(mid);
            if (found == mids_.end() || bundle_[found->second] != 0) continue;
            bundle_[found->second] = static_cast<std::uint8_t>(bundles_.size());
            bundle.members[bundle.count++] = static_cast<std::uint8_t>(found->second);
        }
    }
}

/// Of the section that lacks something of its own; most lack nothing.
const Bundle* Minimiser::bundle_of(const Section& section)
{
    const auto number = bundle_[static_cast<std::size_t>(&section - in_.sections.data())];
    if (number == 0) return nullptr;
    auto& bundle = bundles_[number - 1U];
    if (std::exchange(bundle.worked_out, true)) return &bundle;
    for (const auto member : std::span{bundle.members}.first(bundle.count)) {
        const auto& other = in_.sections[member];
        const bool fingerprint = states_key(in_, other, rule_for("fingerprint"));
        const bool zrtp_hash = states_key(in_, other, rule_for("zrtp-hash"));
        Payloads payloads;
        if ((!fingerprint && !zrtp_hash) || carried(other, payloads) != Carried::yes) continue;
        bundle.fingerprint |= fingerprint;
        bundle.zrtp_hash |= zrtp_hash && !profile_named(other.profile)->dtls;
    }
    for (const auto member : std::span{bundle.members}.first(bundle.count)) {
        const auto& other = in_.sections[member];
        if (!policy_.relay_only || bundle.relay) break;
        Payloads payloads;
        const auto relay = relay_of(in_, other);
        if (!relay || carried(other, payloads) != Carried::yes) continue;
        if (keys_of(other, *profile_named(other.profile)).any()) bundle.relay = relay;
    }
    return &bundle;
}

SdpResult Minimiser::description()
{
    find_bundles();
    for (std::size_t i = 0; i < in_.sections.size(); ++i) {
        if (const auto refusal = put_section(i)) return *refusal;
        if (out_.size() > longest_result) return SdpRefusal::malformed;
    }
    if (unprotected_ && !active_) return *unprotected_;
    if (unsupported_ && !active_) return SdpRefusal::unsupported_media;

    // Below 2^31: phones read it into an int. The same offset each time, so that it rises as the sender's does.
    const auto version = (in_.version + policy_.version_offset) & 0x7FFF'FFFFU;
    std::string whole;
    whole.reserve(out_.size() + 256);
    put_line(whole, "v=0");
    put_line(whole, "o=- ", policy_.session_id, ' ', version, " IN IP4 0.0.0.0");
    put_line(whole, "s=-");
    put_line(whole, "t=0 0");
    for (const auto group : groups_) names_.put_group(whole, group);
    if (in_.session.names(rule_for("ice-lite"))) put_line(whole, "a=ice-lite");
    names_.leave_out(out_);
    whole += out_;
    return whole;
}

/// RFC 3264 6: what is not taken stays in its place with port 0. Nothing of it is told but its kind.
void Minimiser::put_rejected(const Section& section, const Profile* profile)
{
    const auto media = position_in(media_types, section.media);
    out_ += "m=";
    out_ += media < media_types.size() ? media_types[media] : "application";
    if (profile != nullptr && profile->stream == Stream::data_channel)
        put_line(out_, " 0 ", profile->name, " webrtc-datachannel");
    else
        put_line(out_, " 0 ", profile != nullptr ? profile->name : "RTP/AVP", " 0");
    put_line(out_, "c=IN IP4 0.0.0.0");
    if (!section.mid.empty()) names_.put(out_, section.mid);
}

/// Can the section be passed on, apart from keys and addresses? Leaves its payload types in `payloads`, which
/// holds none yet.
Minimiser::Carried Minimiser::carried(const Section& section, Payloads& payloads) const
{
    if (section.port == 0 && !is_bundle_only(section)) return Carried::rejected;
    const Profile* const profile = profile_named(section.profile);
    if (profile == nullptr || position_in(media_types, section.media) == media_types.size())
        return Carried::unsupported;
    if (profile->stream == Stream::data_channel) return Carried::yes;

    if (!payloads.read_formats(section.formats)) return Carried::malformed;
    for (const auto& attribute : in_.attributes_of(section)) {
        if (attribute.rule->kind == Kind::rtpmap) payloads.read_rtpmap(attribute.value);
        if (attribute.rule->kind == Kind::fmtp) payloads.read_fmtp(attribute.value);
    }
    payloads.admit(policy_.permitted_codecs);
    return payloads.usable() ? Carried::yes : Carried::unsupported;
}

/// Which key protects the section; a refusal when none does that only the two phones know.
Minimiser::Keys Minimiser::keys_of(const Section& section, const Profile& profile)
{
    bool fingerprint = states_key(in_, section, rule_for("fingerprint"));
    bool zrtp_hash = states_key(in_, section, rule_for("zrtp-hash"));
    if (const auto* bundle = fingerprint ? nullptr : bundle_of(section)) {
        fingerprint = bundle->fingerprint;
        zrtp_hash |= bundle->zrtp_hash;
    }
    Keys keys{.fingerprint = fingerprint && policy_.dtls_srtp, .zrtp = zrtp_hash && policy_.zrtp && !profile.dtls};
    keys.crypto =
        section.names(rule_for("crypto")) && policy_.permit_sdes && !keys.any(); // where there is nothing better
    return keys;
}

std::optional<SdpRefusal> Minimiser::secure(const Section& section, const Profile& profile)
{
    keep_ = keys_of(section, profile);
    if (keep_.any()) return std::nullopt;
    const auto& session = in_.session;
    const bool readable_key = section.names(rule_for("crypto")) || section.key_line || session.key_line ||
                              section.names(rule_for("key-mgmt")) || session.names(rule_for("key-mgmt"));

    return readable_key ? SdpRefusal::sdes_only : SdpRefusal::plain_rtp;
}

std::optional<SdpRefusal> Minimiser::choose_address(const Section& section, bool bundle_only)
{
    const auto& stated = section.connection ? section.connection : in_.session.connection;
    port_ = section.port;
    if (!policy_.relay_only) {
        if (!stated && !bundle_only) return SdpRefusal::malformed;
        address_ = stated.value_or(Address{});
        return std::nullopt;
    }

    auto relay = relay_of(in_, section);
    if (!relay)
        if (const auto* bundle = bundle_of(section)) relay = bundle->relay;
    // No candidate and no address yet: they will be trickled (RFC 8840 4.1), or the section is on hold.
    const bool shows_nothing = !section.names(rule_for("candidate")) && (!stated || stated->unspecified());
    if (!relay && !shows_nothing) return SdpRefusal::no_relay_candidate;

    const bool literal = relay && read_literal(relay->address.text);
    address_ = literal ? relay->address : Address{};
    if (!bundle_only) port_ = literal ? relay->port : std::uint16_t{9};
    rtcp_relay_ = relay_of(in_, section, 2);
    return std::nullopt;
}

std::optional<SdpRefusal> Minimiser::put_section(std::size_t index)
{
    const Section& section = in_.sections[index];
    const Profile* const profile = profile_named(section.profile);
    if (index > 0) payloads_ = {}; // of the section before
    switch (carried(section, payloads_)) {
    case Carried::yes:
        break;
    case Carried::malformed:
        return SdpRefusal::malformed;
    case Carried::unsupported:
        unsupported_ = true;
        [[fallthrough]];
    case Carried::rejected:
        put_rejected(section, profile);
        return std::nullopt;
    }

    const bool bundle_only = is_bundle_only(section);
    if (const auto refusal = secure(section, *profile)) {
        if (!policy_.offer) return refusal;
        if (!unprotected_) unprotected_ = refusal;
        put_rejected(section, profile);
        return std::nullopt;
    }
    if (const auto refusal = choose_address(section, bundle_only)) return refusal;

    active_ = true;
    names_.carry(section.mid);
    out_ += "m=";
    out_ += media_types[position_in(media_types, section.media)];
    out_ += ' ';
    append(out_, port_);
    out_ += ' ';
    out_ += profile->name;
    if (profile->stream == Stream::data_channel) out_ += " webrtc-datachannel";
    for (const auto type : payloads_.types()) {
        out_ += ' ';
        append(out_, unsigned{type});
    }
    out_ += "\r\n";
    put_line(out_, "c=", address_.network(), address_.text);

    if (!collect(section, bundle_only)) return SdpRefusal::malformed;
    if (payloads_.usable() &&
        std::ranges::none_of(items_, [](const Item& item) { return item.rule->kind == Kind::direction; }))
        add(rule_for("sendrecv"), {});
    put_items(index);
    return std::nullopt;
}

/// Everything that may be written into the section, lines of the session part that it takes over included. False: those
/// are more than any call needs. None is left out, it might be the key that protects the section.
bool Minimiser::collect(const Section& section, bool bundle_only)
{
    items_.clear();
    candidates_.clear();
    sources_ = {};
    const bool rtp = payloads_.usable();
    layers_ = rtp ? layers_in(in_, section) : std::vector<std::string_view>{};
    bool direction = !rtp;
    for (const auto& attribute : in_.attributes_of(section)) {
        direction |= attribute.rule->kind == Kind::direction;
        add(*attribute.rule, attribute.value);
    }
    std::size_t lowered = 0;
    for (const auto& attribute : in_.attributes_of(in_.session)) {
        const auto& rule = *attribute.rule;
        if (rule.level != Level::lowered || section.names(rule)) continue;
        if (rule.kind == Kind::direction && direction) continue;
        if (rule.kind == Kind::extmap && !rtp) continue;
        if (rule.kind != Kind::direction && rule.kind != Kind::extmap && bundle_only)
            continue; // RFC 8843 7.1.3: it has no transport
        if (++lowered > most_lowered) return false;
        add(rule, attribute.value);
    }
    for (const auto type : payloads_.types())
        items_.push_back({place_of(rule_for("rtpmap"), payloads_.rank(type)), 0, &rule_for("rtpmap"), {}});
    return true;
}

void Minimiser::add(const LineRule& rule, std::string_view value)
{
    auto place = place_of(rule);
    switch (rule.kind) {
    case Kind::fingerprint:
        if (!keep_.fingerprint) return;
        break;
    case Kind::zrtp_hash:
        if (!keep_.zrtp) return;
        break;
    case Kind::crypto:
        if (!keep_.crypto) return;
        break;
    case Kind::key_mgmt:
    case Kind::rtpmap:
        return; // written for each payload type instead
    case Kind::fmtp:
    case Kind::rtcp_fb:
        add_payload_line(rule, value);
        return;
    case Kind::extmap:
        if (const auto extension = read_extension(value)) {
            place = place_of(rule, extension->known);
            break;
        }
        return;
    case Kind::candidate:
        add_candidate(rule, value);
        return;
    case Kind::ssrc:
        if (!sources_.admit(value)) return;
        break;
    case Kind::remote_candidates:
        if (policy_.relay_only) return;
        break;
    default:
        break;
    }
    items_.push_back({place, static_cast<std::uint32_t>(items_.size()), &rule, value});
}

void Minimiser::add_candidate(const LineRule& rule, std::string_view value)
{
    auto candidate = read_candidate(value);
    if (!candidate || (policy_.relay_only && candidate->type != Candidate::Type::relay)) return;
    const auto place = place_of(rule, candidate->component, 0, UINT32_MAX - candidate->priority);
    const auto arrival = static_cast<std::uint32_t>(items_.size());
    items_.push_back({place, arrival, &rule, value, &candidates_.emplace_back(*std::move(candidate))});
}

/// All lines of one payload type stand together: a=rtpmap, a=fmtp, a=rtcp-fb; feedback for all types in front.
void Minimiser::add_payload_line(const LineRule& rule, std::string_view value)
{
    const auto arrival = static_cast<std::uint32_t>(items_.size());
    if (rule.kind == Kind::fmtp) {
        auto rest = value;
        const auto type = take_payload_type(rest);
        if (!type || payloads_.rank(*type) == 0) return;
        items_.push_back({place_of(rule_for("rtpmap"), payloads_.rank(*type), 1), arrival, &rule, value});
    } else if (const auto line = read_feedback(value)) {
        const std::uint64_t rank = line->type ? payloads_.rank(*line->type) : 0;
        if (line->type && rank == 0) return;
        items_.push_back({place_of(rule_for("rtpmap"), rank, 2, line->known), arrival, &rule, value});
    }
}

void Minimiser::put_items(std::size_t section)
{
    std::sort(items_.begin(), items_.end());
    direction_written_ = false;
    new_streams_ = 0;
    priorities_ = {};
    for (const auto& item : items_) put(item, section);
}

void Minimiser::put(const Item& item, std::size_t section)
{
    const auto& rule = *item.rule;
    auto value = item.value;
    switch (rule.kind) {
    case Kind::direction:
        if (!direction_written_) put_line(out_, rule.line);
        direction_written_ = true;
        break;
    case Kind::rtpmap:
        payloads_.put_rtpmap(out_, payloads_.types()[((item.place >> 40U) & 0xFFFFU) - 1]);
        break;
    case Kind::fmtp: {
        const auto type = take_payload_type(value);
        payloads_.put_fmtp(out_, *type, value);
        break;
    }
    case Kind::rtcp_fb:
        put_feedback(out_, value);
        break;
    case Kind::extmap: {
        const auto extension = read_extension(value);
        put_extension(out_, *extension);
        if (extension->uri() == mid_extension) names_.refer();
        break;
    }
    case Kind::mid:
        names_.put(out_, value);
        break;
    case Kind::candidate:
        put_candidate_of(*item.candidate);
        break;
    case Kind::remote_candidates:
        put_remote_candidates(out_, value);
        break;
    case Kind::ice_options:
        if (put_ice_options(out_, value)) names_.refer();
        break;
    case Kind::msid:
        put_stream(value, section);
        break;
    case Kind::ssrc_group:
        sources_.put_group(out_, value);
        break;
    case Kind::ssrc:
        Sources::put(out_, value);
        break;
    case Kind::rtcp:
        put_rtcp(value);
        break;
    case Kind::crypto:
        put_crypto(out_, value);
        break;
    case Kind::fingerprint:
        put_fingerprint(out_, value);
        break;
    case Kind::message_size:
        put_message_size(out_, value);
        break;
    case Kind::rid:
        if (std::ranges::count(layers_, layer_name(value)) != 0) put_layer(out_, value, payloads_);
        break;
    case Kind::simulcast:
        put_simulcast(out_, value, layers_);
        break;
    default:
        if (value.empty())
            put_line(out_, rule.line);
        else
            put_line(out_, rule.line, ':', value);
        break;
    }
}

void Minimiser::put_candidate_of(const Candidate& candidate)
{
    const auto next = static_cast<unsigned>(foundations_.size() + 1);
    put_candidate(out_, candidate, foundations_.emplace(candidate.foundation, next).first->second,
                  priorities_.next(candidate));
}

/// The number holds the section in which a stream was first named, so that it stays when another one goes on hold.
void Minimiser::put_stream(std::string_view value, std::size_t section)
{
    const auto stream = take_word(value);
    if (stream == "-") {
        put_line(out_, "a=msid:-");
        return;
    }
    if (new_streams_ == most_streams) return;
    const auto [place, is_new] = streams_.emplace(stream, static_cast<unsigned>(section) * most_streams + new_streams_);
    if (is_new) ++new_streams_;
    put_line(out_, "a=msid:s", place->second);
}

void Minimiser::put_rtcp(std::string_view value)
{
    const auto port = number_of<std::uint16_t>(take_word(value));
    if (!port) return;
    if (policy_.relay_only) {
        if (rtcp_relay_)
            put_line(out_, "a=rtcp:", rtcp_relay_->port, ' ', rtcp_relay_->address.network(),
                     rtcp_relay_->address.text);
        return;
    }
    const auto address = read_address(value);
    if (address && *address != address_)
        put_line(out_, "a=rtcp:", *port, ' ', address->network(), address->text);
    else
        put_line(out_, "a=rtcp:", *port);
}

SdpResult Minimiser::fragment()
{
    for (const auto& section : in_.sections) {
        // The profile and format of a pseudo m= line mean nothing (RFC 8840 4.4), so they are the same for all.
        const auto media = position_in(media_types, section.media);
        put_line(out_, "m=", media < media_types.size() ? media_types[media] : "application", " 9 RTP/AVP 0");
        if (!collect(section, false)) return SdpRefusal::malformed;
        put_items(0);
        names_.carry(section.mid);
        if (out_.size() > longest_result) return SdpRefusal::malformed;
    }
    std::string whole;
    for (const auto& attribute : in_.attributes_of(in_.session))
        if (attribute.rule->kind == Kind::group) names_.put_group(whole, attribute.value);
    if (in_.session.names(rule_for("ice-lite"))) put_line(whole, "a=ice-lite");
    if (in_.sections.empty()) { // nothing to write it into: end-of-candidates for all, for instance
        items_.clear();
        for (const auto& attribute : in_.attributes_of(in_.session))
            if (attribute.rule->level == Level::lowered) add(*attribute.rule, attribute.value);
        put_items(0);
    }
    return whole + out_;
}

SdpResult minimise_as(Fragment form, std::string_view text, const SdpPolicy& policy)
{
    __attribute__((uninitialized)) std::array<std::byte, 16 * 1024> buffer; // of which few pages are used
    std::pmr::monotonic_buffer_resource memory{buffer.data(), buffer.size()};
    Description description{&memory};
    if (!read_description(text, form, description)) return SdpRefusal::malformed;
    Minimiser minimiser{description, policy, text.size(), &memory};
    return form == Fragment::no ? minimiser.description() : minimiser.fragment();
}

} // namespace

SdpResult minimise(std::string_view sdp, const SdpPolicy& policy) { return minimise_as(Fragment::no, sdp, policy); }

SdpResult minimise_sdpfrag(std::string_view fragment, const SdpPolicy& policy)
{
    return minimise_as(Fragment::yes, fragment, policy);
}

std::string_view explanation_of(SdpRefusal refusal)
{
    switch (refusal) {
    case SdpRefusal::malformed:
        return "The session description cannot be read";
    case SdpRefusal::plain_rtp:
        return "Media must be encrypted with DTLS-SRTP or ZRTP";
    case SdpRefusal::sdes_only:
        return "Media keys must not be readable on the way: use DTLS-SRTP or ZRTP";
    case SdpRefusal::no_relay_candidate:
        return "Media must go through a relay: configure a TURN server";
    case SdpRefusal::unsupported_media:
        return "No media stream that can be carried";
    }
    return {};
}

} // namespace sotto::sdp
