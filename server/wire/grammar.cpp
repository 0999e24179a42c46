#include "wire/grammar.hpp"

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
    if (auto uri = ordinary_uri(text)) return uri;
    return packaged().uri(text);
}

std::optional<NameAddr> Grammar::name_addr(std::string_view text)
{
    if (auto address = ordinary_name_addr(text)) return address;
    return packaged().name_addr(text);
}

std::optional<Via> Grammar::via(std::string_view text)
{
    if (auto via = ordinary_via(text)) return via;
    return packaged().via(text);
}

bool Grammar::call_id(std::string_view text)
{
    if (text.size() > longest) return false;
    const auto at = text.find('@');
    if (at == std::string_view::npos) return all(In::word, text);
    return all(In::word, text.substr(0, at)) && all(In::word, text.substr(at + 1));
}

} // namespace sotto::wire
