#include "core/auth/client.hpp"

#include "core/auth/credentials.hpp"

#include <algorithm>

namespace sotto::test {

std::string hex(std::span<const std::uint8_t> bytes)
{
    std::string out;
    for (const auto byte : bytes) {
        out.push_back("0123456789abcdef"[byte >> 4U]);
        out.push_back("0123456789abcdef"[byte & 15U]);
    }
    return out;
}

std::string hashed(DigestAlgorithm algorithm, std::string_view text)
{
    static crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    return algorithm == DigestAlgorithm::sha256 ? hex(crypto.sha256(text)) : hex(crypto.md5(text));
}

std::string parameter(std::string_view header, std::string_view name)
{
    std::string out;
    for_each_element(header.substr(std::min(header.size(), header.find(' '))), [&](std::string_view one) {
        const auto equals = one.find('=');
        if (equals == std::string_view::npos || one.substr(0, equals) != name) return;
        auto value = one.substr(equals + 1);
        if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
        out = value;
    });
    return out;
}

std::string DigestClient::answer(std::string_view challenge) const
{
    const auto realm = parameter(challenge, "realm");
    const auto nonce = parameter(challenge, "nonce");
    const auto named = algorithm.empty() ? parameter(challenge, "algorithm") : algorithm;
    const auto kind = auth::parse_algorithm(named).value_or(DigestAlgorithm::sha256);
    const auto ha1 = hashed(kind, user + ":" + realm + ":" + password);
    const auto ha2 = hashed(kind, method + ":" + uri);
    const auto response = qop.empty()
                              ? hashed(kind, ha1 + ":" + nonce + ":" + ha2)
                              : hashed(kind, ha1 + ":" + nonce + ":" + nc + ":" + cnonce + ":" + qop + ":" + ha2);
    auto out = "Digest username=\"" + user + "\", realm=\"" + realm + "\", nonce=\"" + nonce + "\", uri=\"" + uri +
               "\", response=\"" + response + "\", algorithm=" + named;
    if (!qop.empty()) out += ", qop=" + qop + ", nc=" + nc + ", cnonce=\"" + cnonce + "\"";
    return out;
}

Account& Directory::add(std::string user, std::string domain, std::string_view password, DigestAlgorithm algorithm)
{
    auto& entry = entries.emplace_back(Entry{std::move(user), std::move(domain), {}});
    entry.account.id = {entries.size()};
    entry.account.user = entry.user;
    entry.account.domain = entry.domain;
    entry.account.algorithm = algorithm;
    static crypto::OpenSslCryptography crypto{crypto::ProcessKeys::create()};
    const auto text = entry.user + ":" + entry.domain + ":" + std::string{password};
    if (algorithm == DigestAlgorithm::sha256)
        entry.account.digest_secret = crypto.sha256(text);
    else
        std::ranges::copy(crypto.md5(text), entry.account.digest_secret.begin());
    return entry.account;
}

const Account* Directory::find(std::string_view user, std::string_view domain) const
{
    for (const auto& entry : entries)
        if (entry.user == user && entry.domain == domain) return &entry.account;
    for (const auto& address : further)
        if (address.user == user && address.domain == domain) return find(address.account, "example.org");
    return nullptr;
}

const Account* Directory::find(AccountId id) const
{
    return id.value >= 1 && id.value <= entries.size() ? &entries[id.value - 1].account : nullptr;
}

MessagePtr request(std::string_view method, std::initializer_list<std::pair<Header, std::string>> fields)
{
    auto message = std::make_unique<Message>(4096);
    message->method_name = message->arena.copy(method);
    message->method = method_of(method);
    auto list = message->arena.array<HeaderField>(fields.size());
    std::size_t at = 0;
    for (const auto& [name, value] : fields) list[at++] = {name, message->arena.copy(value)};
    message->fields = list;
    return message;
}

} // namespace sotto::test
