#pragma once
#include "config/settings.hpp"
#include "ctl/admin/protocol.hpp"

#include <functional>
#include <string>

namespace sotto::ctl {

/// The documents that a provider owes its subscribers and its regulator (DESIGN.md P11), as Markdown.
std::string privacy_notice(const config::Settings& settings);
std::string record_of_processing(const config::Settings& settings);
std::string impact_assessment(const config::Settings& settings);

/// `report notice|processing|assessment`, from the settings that are in use.
Handlers report_commands(std::function<config::Settings()> settings);

} // namespace sotto::ctl
