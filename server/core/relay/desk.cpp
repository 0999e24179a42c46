#include "core/relay/desk.hpp"

#include "core/auth/credentials.hpp"

namespace sotto {

RelayReply RelayDesk::answer(Flow& flow, const RelayRequest& request, TimePoint now, seconds date, Actions& out)
{
    const auto& service = env_.settings->relay;
    const auto at = request.account.rfind('@');
    if (service.uris.empty() || at == std::string::npos) return {};
    const auto* realm = env_.domains().of(std::string_view{request.account}.substr(at + 1));
    if (realm == nullptr) return {};

    auto user = request.account.substr(0, at);
    auth::Checked checked;
    auto heed = Environment::Heed::at_once;
    const auto credentials = auth::parse_credentials(request.authorization);
    if (credentials && credentials->realm == *realm && credentials->uri == request.target) {
        checked = auth::check(*credentials, request.method, *realm, *env_.accounts, flow, now, env_.cryptography);
        heed = env_.heeds(checked, *realm, flow, {}, now, out);
        if (heed == Environment::Heed::not_at_all) return {.status = 503, .challenge = {}, .json = {}};
        user = checked.claimed_user;
    }
    if (checked.outcome == auth::Outcome::authenticated && checked.account->status == AccountStatus::active)
        return {.status = 200,
                .challenge = {},
                .json = relay_credentials(checked.account->id, service, date, env_.cryptography)};
    ++env_.counters.challenges;
    const bool stale = checked.outcome == auth::Outcome::stale;
    const bool late = heed == Environment::Heed::late;
    if (late) ++env_.counters.auth_slowed;
    return {.status = 401,
            .challenge = auth::challenge(*realm, user, stale, *env_.accounts, flow, now, env_.cryptography),
            .json = {},
            .delay = late ? Environment::tarpit : seconds{0}};
}

} // namespace sotto
