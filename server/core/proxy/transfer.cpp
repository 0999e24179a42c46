#include "core/proxy/proxy.hpp"

#include "core/privacy/identity.hpp"
#include "core/privacy/privacy_service.hpp"
#include "core/privacy/quote.hpp"
#include "core/registrar/device.hpp"
#include "core/registrar/gruu.hpp"
#include "core/routing/choose.hpp"
#include "core/routing/number.hpp"

#include <algorithm>

namespace sotto {
namespace {

std::string_view call_id_of(std::string_view quote) { return trim(quote.substr(0, quote.find(';'))); }
std::string_view param_of(std::string_view quote, std::string_view name)
{
    const auto semicolon = quote.find(';');
    if (semicolon == std::string_view::npos) return {};
    return find_param(quote.substr(semicolon + 1), name).value_or(std::string_view{});
}

/// Replaces and Join name the target's tag "to" and the sender's "from" (RFC 3891 6.1, RFC 3911); Target-Dialog names
/// them as the recipient knows them, "local" and "remote" (RFC 4538 7).
struct TagNames {
    std::string_view target, quoting;
};
constexpr TagNames names_in(Header header)
{
    return header == Header::target_dialog ? TagNames{"local-tag", "remote-tag"} : TagNames{"to-tag", "from-tag"};
}

QuoteText quote_text(std::string_view value, TagNames names)
{
    return {call_id_of(value), param_of(value, names.target), param_of(value, names.quoting)};
}

std::string escape(std::string_view text)
{
    std::string out;
    for (const char c : text) {
        constexpr std::string_view hex = "0123456789ABCDEF";
        const char l = to_lower(c);
        if ((l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.') {
            out += c;
            continue;
        }
        const auto byte = static_cast<unsigned char>(c);
        ((out += '%') += hex[byte >> 4U]) += hex[byte & 15U];
    }
    return out;
}

/// The value of one header embedded in a URI (RFC 3261 19.1.1), unescaped.
std::string embedded(std::string_view headers, std::string_view name)
{
    while (!headers.empty()) {
        const auto one = headers.substr(0, headers.find('&'));
        const auto equals = one.find('=');
        if (equals != std::string_view::npos && iequals(one.substr(0, equals), name))
            return unescape(one.substr(equals + 1)).value_or(std::string{});
        headers.remove_prefix(std::min(headers.size(), one.size() + 1));
    }
    return {};
}

/// RFC 3891 3: only a call that nobody has answered yet is to be replaced.
std::string_view early_flag(Header header, std::string_view quote)
{
    return header == Header::replaces && find_param(quote, "early-only") ? ";early-only" : "";
}

/// Of a referral's handle: epoch, side, whether it is whoever comes to help that made it, salt.
struct Source {
    Target dialog;
    bool of_help{false};

    [[nodiscard]] std::string text() const
    {
        const std::array head{static_cast<char>(dialog.epoch.number), dialog.role == Role::caller ? 'r' : 'e',
                              of_help ? 'h' : '-'};
        return std::string{head.data(), head.size()}.append(reinterpret_cast<const char*>(dialog.salt.bytes.data()),
                                                            dialog.salt.bytes.size());
    }
    static std::optional<Source> read(std::string_view text)
    {
        Source source;
        auto& salt = source.dialog.salt.bytes;
        if (text.size() != 3 + salt.size()) return std::nullopt;
        source.dialog.epoch.number = static_cast<std::uint8_t>(text[0]);
        source.dialog.role = text[1] == 'r' ? Role::caller : Role::callee;
        source.of_help = text[2] == 'h';
        std::ranges::copy(text.substr(3), salt.begin());
        return source;
    }
};

constexpr std::array quoting_headers{Header::replaces, Header::join, Header::target_dialog};

} // namespace

/// What can be dialled before an address is for that party alone to dial who calls it.
std::string Proxy::undialled(std::string_view aor) const
{
    const auto at = aor.rfind('@');
    std::string user{aor.substr(0, at)};
    const DialPrefixes prefixes{env_.settings->withhold_prefix, env_.settings->show_prefix};
    while (take_prefix(user, prefixes) != Dialled::plain) continue;
    return user;
}

/// The address that whoever is referred is to call. It is not made to show itself, nor to block anybody. Whoever
/// withholds itself from the referrer goes on doing so, or the referrer could send it to a telephone of its own. Empty:
/// there is nobody to call.
std::string Proxy::address_to_call(std::string_view aor, bool withheld) const
{
    auto user = undialled(aor);
    if (user == env_.settings->block_code) return {};
    if (withheld) user.insert(0, env_.settings->withhold_prefix);
    return user.append(aor.substr(aor.rfind('@')));
}

/// Whom a Refer-To names that is no token of ours, as whoever is referred can call him by its own rights: an address,
/// or a number as the referrer would dial it. Empty: nothing leads there.
std::string Proxy::address_named(const Uri& uri, const ResponseContext& context) const
{
    auto own = env_.domains().aor(uri);
    const bool withheld = context.sender_withheld();
    if (!own.empty() && !withheld) return own;
    const auto* account = env_.accounts->find(context.sender.account());
    const auto domain = account != nullptr ? std::string{account->domain} : env_.domains().first();
    const auto user = own.empty() ? unescape(uri.user).value_or(std::string{}) : undialled(own);
    const auto decision = choose({*env_.settings, *env_.accounts}, domain, uri, user);
    if (decision.way == Decision::Way::refused) return {};
    const bool inside = decision.way == Decision::Way::inside;
    if (!inside && decision.route->kind == Receiver::peer)
        return uri.port == 0 ? decision.aor : decision.aor + ":" + std::to_string(uri.port);
    const auto number = inside ? decision.aor.substr(0, decision.aor.rfind('@')) : decision.number;
    if (inside && !is_e164(number)) return own;
    if (number.empty()) return {}; // a service
    // In the referrer's domain even where the number is an account's of another one: nobody asks here whose it is. From
    // every domain of ours a number leads to the same; that of whoever withholds itself is not shown, nor by a number
    // that its phone has completed with it.
    return number + "@" + (withheld ? env_.domains().first() : domain);
}

/// A URI that the sender holds for a third party becomes one that the receiver may call once: a fresh token under a
/// handle that leads to the same device (SEALING.md).
std::string Proxy::refer_to(const ResponseContext& context, const NameAddr& address, Branch& branch)
{
    const auto sender = context.holder;
    const auto receiver = holder_of(branch.target.party, env_.cryptography);
    const auto domains = env_.domains();
    const auto& uri = address.uri;
    std::string out;
    const auto target = domains.ours(uri) && uri.user.size() == Sealer::target_length
                            ? env_.sealer.open_target(uri.user, sender)
                            : std::nullopt;
    const bool withheld = receiver_withheld(context);
    const bool dials = withheld && branch.target.party.receiver() != Receiver::gateway; // whose network hides it itself
    bool asks_by_header = false;
    std::string_view before_headers = "?";
    std::optional<QuotedDialog> quoted;
    auto quoting = Header::replaces;
    std::string_view early;
    for (const auto header : {Header::replaces, Header::join}) { // RFC 3515 2.1: of both, whoever is called takes one
        const auto value = embedded(uri.headers, name_of(header));
        if (value.empty()) continue;
        quoted = read_quote(quote_text(value, names_in(header)), sender, env_.seal_parts());
        if (!quoted) return {};
        quoting = header;
        early = early_flag(header, value);
        break;
    }
    if (target) {
        const auto from_dialog = env_.sealer.dialog_hash(target->epoch, target->salt);
        if (env_.dialogs.ended(from_dialog, target->epoch)) return {};
        if (DialogSeal{env_.seal_parts(), *target, {}, {}}.asked_in_vain(other(target->role))) return {};
        if (quoted && env_.sealer.dialog_hash(quoted->epoch, quoted->salt) != from_dialog) return {}; // see may_quote()
        // A referral leads to nobody that its holder is in a dialog with; it is not passed on.
        if (const auto known = env_.dialogs.handle(target->id); known && known->referral) return {};
        const Source source{.dialog = *target, .of_help = context.sender.receiver() == Receiver::emergency};
        DialogMemory::Handle handle{.party = {},
                                    .flow = {},
                                    .device = target->id,
                                    .contact = {env_.cryptography.seal_in_memory(source.text())},
                                    .referral = true,
                                    .referred_withheld = withheld};
        if (target->role == Role::callee) {
            const auto kept = DialogSeal{env_.seal_parts(), *target, sender, {}}.callee_privacy();
            handle.withheld = kept.withheld.value_or(false);
            handle.session = kept.session;
        } else { // a caller's wish stands in the tags of its dialog alone; without them it is taken to withhold all
            handle.withheld = !quoted || quoted->quoting_tag.withheld;
            handle.session = !quoted || quoted->quoting_tag.session;
        }
        DialogSeal fresh{env_.seal_parts(), sender, receiver};
        const auto salt = fresh.salt();
        const std::string_view text{reinterpret_cast<const char*>(salt.bytes.data()), salt.bytes.size()};
        const BindingId id{env_.cryptography.keyed_hash(Cryptography::Use::dialog, text).low | 1U};
        env_.dialogs.keep(fresh.hash(), fresh.epoch(), id, std::move(handle), sender);
        out = "<" + target_uri(fresh, Role::caller, id, branch.target.party, branch.target.transport, uri.scheme);
    } else if (const auto aor = address_named(uri, context); !aor.empty()) {
        // Another domain's server takes our prefix for a name, where it does not send the call to us.
        const bool dialled_here =
            !branch.target.party.foreign() || domains.of(std::string_view{aor}.substr(aor.rfind('@') + 1)) != nullptr;
        asks_by_header = dials && (env_.settings->withhold_prefix.empty() || !dialled_here);
        const auto to_call = address_to_call(aor, dials && !asks_by_header);
        if (to_call.empty()) return {};
        out = "<" + address_uri(uri.scheme, to_call);
        // A public GRUU's value cannot be told from a word of the sender's here: its address leads to that device too.
        if (const auto gr = uri.param("gr");
            gr && gr->empty() && open_temporary_gruu(undialled(aor), env_.cryptography)) {
            if (quoted) return {}; // see may_quote()
            out += ";gr";
        }
    } else {
        return {};
    }
    if (const auto method = uri.param("method"); method && method_of(*method) != Method::other)
        (out += ";method=") += *method;
    if (asks_by_header) { // then the phone alone can ask for it
        out += "?Privacy=id";
        before_headers = "&";
    }
    if (!quoted) return out += ">";
    const auto token = seal_quote(*quoted, receiver, env_.seal_parts());
    return out.append(before_headers).append(name_of(quoting)).append("=") +
           escape((token + ";to-tag=0;from-tag=0").append(early)) + ">";
}

/// Nothing when the Request-URI is no referral token of the sender's, or none any more: it lasts to the end of the hour
/// after the one in which it was made.
std::optional<Referral> Proxy::referral_named_by(const Message& request, const Party& sender) const
{
    const auto& uri = request.request_uri;
    if (uri.user.size() != Sealer::target_length) return std::nullopt;
    const auto target = env_.sealer.open_target(uri.user, holder_of(sender, env_.cryptography));
    const auto handle = target ? env_.dialogs.handle(target->id) : std::nullopt;
    if (!handle || !handle->referral) return std::nullopt;
    const auto source = Source::read(env_.cryptography.open_in_memory(handle->contact.bytes));
    if (!source) return std::nullopt;
    const auto age = static_cast<std::uint8_t>(env_.sealer.current_epoch().number - target->epoch.number);
    if (age > 1) return std::nullopt;
    return Referral{.epoch = target->epoch,
                    .salt = target->salt,
                    .id = target->id,
                    .device = handle->device,
                    .withheld = handle->withheld,
                    .session = handle->session,
                    .referred_withheld = handle->referred_withheld,
                    .source = source->dialog,
                    .of_help = source->of_help};
}

/// Whom a referral leads to, and who withholds itself, is there for it no longer than for the dialog that it was made
/// from: it would else show for hours when its phone is there (SEALING.md "Ended dialogs").
bool Proxy::asks_too_late(const Referral& referral) const
{
    const DialogSeal source{env_.seal_parts(), referral.source, {}, {}};
    return env_.dialogs.ended(source.hash(), source.epoch()) || source.asked_in_vain(other(referral.source.role));
}

/// Nor is it asked for again in that dialog.
void Proxy::found_nobody(const Referral& referral)
{
    if (!referral.withheld || referral.of_help) return;
    DialogSeal{env_.seal_parts(), referral.source, {}, {}}.keep_asked_in_vain(other(referral.source.role), true);
}

/// It led to an answer, and leads nowhere from now on. After one that asks for another attempt it may be tried again.
void Proxy::spend_referral(const ResponseContext& context, int status)
{
    constexpr std::array<int, 9> to_be_mended{401, 407, 415, 420, 421, 422, 488, 491, 606};
    if (!context.referral || std::ranges::find(to_be_mended, status) != to_be_mended.end()) return;
    const auto epoch = context.referral->epoch;
    env_.dialogs.end(env_.sealer.dialog_hash(epoch, context.referral->salt), epoch);
}

/// Whose device it is has its say, as if its address had been called.
void Proxy::found_behind_referral(SlotId id, const std::vector<Binding>& flows, TimePoint now, Actions& out)
{
    auto* context = contexts_.find(id);
    if (context == nullptr || context->answered) return;
    context->look_ups = 0;
    auto ways = reachable(context->referral->device, flows);
    const auto party = ways.empty() ? Party{} : ways.front().party;
    const auto* callee = ways.empty() ? nullptr : env_.accounts->find(party.account());
    if (ways.empty()) found_nobody(*context->referral);
    const bool hides = context->referral->withheld || (callee != nullptr && callee->withhold_identity);
    const bool gone = hides && asks_too_late(*context->referral);
    const auto reception = gone ? Reception::nobody_there
                           : party.foreign()
                               ? Reception::rings
                               : received_by(callee, *context, *env_.layer->server(context->server)->request, now);
    if (reception == Reception::nobody_there) return refuse_unseen(id, Refusal::unavailable, now, out);
    const auto refuse = [&](Refusal refusal) {
        context->answered = true;
        env_.refuse(context->server, refusal, now, out);
    };
    if (reception == Reception::refuses_anonymous) return refuse(Refusal::anonymity_disallowed);
    if (env_.layer->server(context->server)->method == Method::invite)
        context->charge = charge_referred(*context, ways.front());
    if (context->charge && context->sender.foreign()) return refuse(Refusal::forbidden); // on nobody's account
    if (context->charge && !recordable()) return refuse(Refusal::overloaded);
    start_device(id, std::move(ways), now, out);
}

bool Proxy::withholds_target(const QuotedDialog& quote) const
{
    if (quote.target_role == Role::caller) return quote.quoting_tag.withheld;
    if (quote.quoting_tag.dialled) return false; // whoever dialled it knows who answered
    const DialogSeal seal{env_.seal_parts(), Target{quote.epoch, Role::callee, {}, quote.salt}, {}, {}};
    return seal.callee_privacy().withheld.value_or(false);
}

/// What leads to somebody and an address must not meet, or the answer would tell whose address that is (SEALING.md). To
/// a referral goes only the dialog that it was made from, as in a transfer; to a temporary GRUU none; and to an address
/// none with somebody who withholds itself.
bool Proxy::may_quote(const QuotedDialog& quote, const ResponseContext& context) const
{
    if (const auto& referral = context.referral)
        return referral->source.epoch == quote.epoch && referral->source.salt == quote.salt;
    return !context.hides_callee && !withholds_target(quote);
}

/// False: the request quotes a dialog that is not the sender's to quote. A Target-Dialog that fits nothing is ignored
/// (RFC 4538 4).
bool Proxy::read_quotes(const Message& request, ResponseContext& context) const
{
    for (const auto header : quoting_headers) {
        const auto value = request.field(header);
        if (!value) continue;
        auto quote = open_quote(call_id_of(*value), context.holder, env_.seal_parts());
        if (!quote) quote = read_quote(quote_text(*value, names_in(header)), context.holder, env_.seal_parts());
        if (!quote || env_.dialogs.ended(env_.sealer.dialog_hash(quote->epoch, quote->salt), quote->epoch) ||
            !may_quote(*quote, context)) {
            if (header == Header::target_dialog) continue;
            return false;
        }
        context.quotes.emplace_back(header, std::move(*quote));
    }
    return true;
}

void Proxy::write_quotes(Outbound& message, const ResponseContext& context, const Message& request,
                         Holder receiver) const
{
    for (const auto& [header, quote] : context.quotes) {
        if (quote.target_owner != mark_of(receiver)) continue; // never opened for a third party
        const auto view = view_of_target(quote, receiver, env_.seal_parts());
        const auto names = names_in(header);
        auto value = view.call_id;
        ((value.append(";").append(names.target) += '=') += view.target_tag);
        ((value.append(";").append(names.quoting) += '=') += view.quoting_tag);
        value += early_flag(header, request.field(header).value_or(std::string_view{}));
        message.set(header, value);
    }
}

/// In-Reply-To: of the calls that are named, those that were the receiver's.
std::string Proxy::replied_to(const Message& request, Holder sender, Holder receiver) const
{
    std::string calls;
    for (const auto& field : request.fields)
        if (field.name == Header::in_reply_to)
            for_each_element(field.value, [&](std::string_view token) {
                if (const auto call = call_id_in_reply(token, sender, receiver, env_.seal_parts()))
                    calls.append(calls.empty() ? "" : ", ").append(*call);
            });
    return calls;
}

} // namespace sotto
