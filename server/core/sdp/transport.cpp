#include "core/sdp/transport.hpp"

#include <tuple>

namespace sotto::sdp {

bool is_bundle_only(const Section& section) { return section.port == 0 && section.names(rule_for("bundle-only")); }

bool states_key(const Description& description, const Section& section, const LineRule& key)
{
    return section.names(key) || (description.session.names(key) && !is_bundle_only(section));
}

std::optional<Candidate> relay_of(const Description& description, const Section& section, unsigned component)
{
    std::optional<Candidate> best;
    for (const auto& attribute : description.attributes_of(section)) {
        if (attribute.rule->kind != Kind::candidate) continue;
        const auto one = read_candidate(attribute.value);
        if (!one || one->type != Candidate::Type::relay || one->component != component) continue;
        if (!best || std::tuple{!one->tcp, one->priority} > std::tuple{!best->tcp, best->priority}) best = one;
    }
    return best;
}

} // namespace sotto::sdp
