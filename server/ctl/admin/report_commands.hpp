#pragma once
#include "config/settings.hpp"
#include "ctl/admin/protocol.hpp"
#include "store/ledger.hpp"

#include <functional>
#include <string>
#include <vector>

namespace sotto::ctl {

/// The documents that a provider owes its subscribers and its regulator (DESIGN.md P11), as Markdown.
std::string privacy_notice(const config::Settings& settings);
/// `holds`: cases for which calls are kept beyond their time; shown without the account.
std::string record_of_processing(const config::Settings& settings, const std::vector<store::HoldCase>& holds);
std::string impact_assessment(const config::Settings& settings);

/// `report notice|processing|assessment`, from the settings that are in use. `ledger` is null where nothing is billed,
/// and outlives the handlers.
Handlers report_commands(const std::function<config::Settings()>& settings, store::Ledger* ledger);

} // namespace sotto::ctl
