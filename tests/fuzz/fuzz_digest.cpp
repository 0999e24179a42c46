// Any bytes as credentials for a challenge that was really issued, by somebody who does not know the password. The word
// NONCE stands for the challenge's nonce, so that what comes behind its check is reached too, and RESPONSE for what
// would be right if the secret were nothing but zeros, as it is computed for those who have no account.
// - nobody is authenticated;
// - what was understood stands in what was written.
#include "core/auth/client.hpp"
#include "core/auth/credentials.hpp"
#include "core/auth/digest.hpp"
#include "fuzz/require.hpp"

#include <cstdint>
#include <string>

using namespace sotto;
using fuzz::require;

namespace {

/// Every part is a view into `text`.
void check_views(std::string_view text)
{
    const auto credentials = auth::parse_credentials(text);
    if (!credentials) return;
    for (const auto part :
         {credentials->username, credentials->realm, credentials->nonce, credentials->uri, credentials->response,
          credentials->cnonce, credentials->nc, credentials->qop, credentials->algorithm})
        require(part.empty() || (part.data() >= text.data() && part.data() + part.size() <= text.data() + text.size()),
                "credentials are views");
    if (const auto count = auth::parse_nonce_count(credentials->nc)) require(*count > 0, "a count begins with one");
}

void replace_all(std::string& text, std::string_view word, std::string_view by)
{
    for (std::size_t at = 0; (at = text.find(word, at)) != std::string::npos; at += by.size())
        text.replace(at, word.size(), by);
}

/// To the rest of the same credentials.
std::string response_of_nobody(const std::string& value, Cryptography& crypto)
{
    const auto parts = auth::parse_credentials(value);
    if (!parts) return {};
    const auto algorithm = auth::parse_algorithm(parts->algorithm).value_or(DigestAlgorithm::sha256);
    return auth::digest_response(algorithm, {}, "REGISTER", parts->uri, parts->nonce, parts->nc, parts->cnonce, crypto);
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
{
    static crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    static const auto accounts = [] {
        test::Directory all;
        all.add("alice", "example.org", "a password that no input holds");
        all.add("bob", "example.org", "nor this one", DigestAlgorithm::md5);
        return all;
    }();
    std::string value{reinterpret_cast<const char*>(data), size};
    check_views(value);

    const TimePoint now{seconds{100}};
    Flow flow{.id = FlowId::of(0, 1)};
    const auto challenge = auth::challenge("example.org", "alice", false, accounts, flow, now, crypto);
    const auto nonce = test::parameter(challenge, "nonce");
    replace_all(value, "NONCE", nonce);
    replace_all(value, "RESPONSE", response_of_nobody(value, crypto));
    for (const auto asker : {auth::Asker::registrar, auth::Asker::proxy}) {
        const auto header = asker == auth::Asker::registrar ? Header::authorization : Header::proxy_authorization;
        const auto message = test::request("REGISTER", {{header, value}});
        const auto checked = auth::check(*message, asker, "example.org", accounts, flow, now, crypto);
        require(checked.outcome != auth::Outcome::authenticated && checked.account == nullptr,
                "nobody gets in without the password");
    }
    return 0;
}
