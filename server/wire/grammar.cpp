#include "wire/grammar.hpp"

#include "core/types/host.hpp"
#include "wire/characters.hpp"
#include "wire/ordinary.hpp"

namespace sotto::wire {

PackagedGrammar& Grammar::packaged()
{
    if (!packaged_) packaged_.emplace();
    return *packaged_;
}

std::optional<Uri> Grammar::uri(std::string_view text)
{
    auto uri = ordinary_uri(text);
    if (!uri) uri = packaged().uri(text);
    if (uri) uri->host = without_final_dot(uri->host);
    return uri;
}

std::optional<NameAddr> Grammar::name_addr(std::string_view text)
{
    auto address = ordinary_name_addr(text);
    if (!address) address = packaged().name_addr(text);
    if (address) address->uri.host = without_final_dot(address->uri.host);
    return address;
}

std::optional<Via> Grammar::via(std::string_view text)
{
    auto via = ordinary_via(text);
    if (!via) via = packaged().via(text);
    return via;
}

bool Grammar::call_id(std::string_view text)
{
    if (text.size() > longest) return false;
    const auto at = text.find('@');
    if (at == std::string_view::npos) return all(In::word, text);
    return all(In::word, text.substr(0, at)) && all(In::word, text.substr(at + 1));
}

} // namespace sotto::wire
