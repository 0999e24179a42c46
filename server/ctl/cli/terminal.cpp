#include "ctl/cli/terminal.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace sotto::ctl {
namespace {

/// Terminal cells of a text, as far as they matter here: UTF-8 continuation bytes take none.
std::size_t cells(std::string_view text)
{
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string with_commas(std::size_t number)
{
    auto text = std::to_string(number);
    for (auto at = static_cast<std::ptrdiff_t>(text.size()) - 3; at > 0; at -= 3)
        text.insert(static_cast<std::size_t>(at), 1, ',');
    return text;
}

} // namespace

std::string coloured(std::string_view text, Colour colour, int descriptor)
{
    const char* refused = std::getenv("NO_COLOR");
    if (colour == Colour::none || ::isatty(descriptor) == 0 || (refused != nullptr && *refused != '\0'))
        return std::string{text};
    return (colour == Colour::red ? "\033[31m" : "\033[33m") + std::string{text} + "\033[0m";
}

void Table::flush()
{
    if (rows_.empty()) return;
    if (!begun_ && !heading_.empty()) {
        std::vector<Cell> heading;
        for (const auto& name : heading_) heading.push_back({name});
        rows_.insert(rows_.begin(), std::move(heading));
    }
    begun_ = true;
    for (const auto& row : rows_) {
        widths_.resize(std::max(widths_.size(), row.size()));
        for (std::size_t i = 0; i < row.size(); ++i) widths_[i] = std::max(widths_[i], cells(row[i].text));
    }
    for (const auto& row : rows_) {
        std::string line;
        for (std::size_t i = 0; i < row.size(); ++i) {
            line += coloured(row[i].text, row[i].colour, STDOUT_FILENO);
            if (i + 1 < row.size()) line.append(widths_[i] - cells(row[i].text) + 2, ' ');
        }
        line.erase(line.find_last_not_of(' ') + 1);
        std::puts(line.c_str());
    }
    rows_.clear();
}

Progress::Progress(std::string_view doing, std::size_t total)
    : doing_{doing}, total_{total}, shown_{::isatty(STDERR_FILENO) != 0}
{
}

Progress::~Progress()
{
    if (shown_) std::fputs("\r\033[K", stderr);
}

void Progress::at(std::size_t done)
{
    if (!shown_) return;
    std::fprintf(stderr, "\r%s %s of %s", doing_.c_str(), with_commas(done).c_str(), with_commas(total_).c_str());
    std::fflush(stderr);
}

StillRunning::StillRunning(std::string_view doing) : doing_{doing}, shown_{::isatty(STDERR_FILENO) != 0} {}

StillRunning::~StillRunning()
{
    if (seconds_ > 0) std::fputs("\r\033[K", stderr);
}

void StillRunning::another_second()
{
    if (!shown_) return;
    std::fprintf(stderr, "\r%s, %zu s", doing_.c_str(), ++seconds_);
    std::fflush(stderr);
}

} // namespace sotto::ctl
