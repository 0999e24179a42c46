#pragma once
#include "store/account_store.hpp"

#include <istream>
#include <string>
#include <vector>

namespace sotto::ctl {

/// One account of an import file, with the line that it stands on.
struct CsvRow {
    std::size_t line{0};
    store::NewAccount account;
};
struct CsvMistake {
    std::size_t line{0};
    std::string sentence; ///< without the line number
};
struct CsvFile {
    std::vector<CsvRow> rows;
    std::vector<CsvMistake> mistakes;
};

/// Reads lines `address,password`: either field may stand in double quotes, with a quote inside doubled (RFC 4180 2),
/// and one that holds a comma must. Empty lines, a heading `address,password` and
/// a byte order mark are passed over. Every address and password is checked against `policy`.
CsvFile read_csv(std::istream& in, const store::AccountPolicy& policy);

} // namespace sotto::ctl
