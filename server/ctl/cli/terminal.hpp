#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sotto::ctl {

/// Colour for standard output or error: only on a terminal, and not when NO_COLOR is set to anything (no-color.org).
enum class Colour { none, red, yellow };
std::string coloured(std::string_view text, Colour colour, int descriptor);

/// Rows in aligned columns; an empty heading is left out. Widths grow from call to call, so that pages stay aligned.
class Table {
public:
    struct Cell {
        std::string text;
        Colour colour{Colour::none};
    };
    explicit Table(std::vector<std::string> heading = {}) : heading_{std::move(heading)} {}
    void add(std::vector<Cell> row) { rows_.push_back(std::move(row)); }
    /// Writes what was added since the last time to standard output; the heading before the first row.
    void flush();
    /// True until a row was written or added.
    [[nodiscard]] bool empty() const { return rows_.empty() && !begun_; }

private:
    std::vector<std::string> heading_;
    std::vector<std::size_t> widths_;
    std::vector<std::vector<Cell>> rows_;
    bool begun_{false};
};

/// "12,000 of 100,000" on one line of a terminal's standard error; nothing elsewhere.
class Progress {
public:
    Progress(std::string_view doing, std::size_t total);
    ~Progress();
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;
    void at(std::size_t done);

private:
    std::string doing_;
    std::size_t total_;
    bool shown_;
};

/// "backup, 12 s", where nobody can say how far it is; likewise.
class StillRunning {
public:
    explicit StillRunning(std::string_view doing);
    ~StillRunning();
    StillRunning(const StillRunning&) = delete;
    StillRunning& operator=(const StillRunning&) = delete;
    void another_second();

private:
    std::string doing_;
    std::size_t seconds_{0};
    bool shown_;
};

} // namespace sotto::ctl
