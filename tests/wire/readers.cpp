#include "wire/readers.hpp"

#include "wire/ordinary.hpp"
#include "wire/packaged_grammar.hpp"

namespace sotto::test {
namespace {

bool same(std::string_view a, std::string_view b) { return a == b && (a.empty() || a.data() == b.data()); }

bool same(const Uri& a, const Uri& b)
{
    return a.scheme == b.scheme && same(a.user, b.user) && same(a.host, b.host) && a.port == b.port &&
           same(a.params, b.params) && same(a.headers, b.headers) && same(a.text, b.text);
}

bool same(const NameAddr& a, const NameAddr& b)
{
    return same(a.display, b.display) && same(a.uri, b.uri) && same(a.params, b.params);
}

bool same(const Via& a, const Via& b)
{
    return same(a.transport, b.transport) && same(a.host, b.host) && a.port == b.port && same(a.params, b.params) &&
           same(a.text, b.text);
}

template <class Part> bool agree(const std::optional<Part>& ordinary, const std::optional<Part>& packaged)
{
    return !ordinary || (packaged && same(*ordinary, *packaged));
}

} // namespace

bool readers_agree(std::string_view element)
{
    wire::PackagedGrammar packaged;
    return agree(wire::ordinary_uri(element), packaged.uri(element)) &&
           agree(wire::ordinary_name_addr(element), packaged.name_addr(element)) &&
           agree(wire::ordinary_via(element), packaged.via(element));
}

} // namespace sotto::test
