#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sotto::test {

/// One message of tests/corpus (see SOURCES.md there), with CRLF line ends.
struct Sample {
    std::string name;
    std::string bytes;
};

/// RFC 4475, in the order of the folder. `baddn.dat` lacks the blank line in the RFC's archive; it has it here.
const std::vector<Sample>& rfc4475();
/// RFC 5118. Content-Length is set to what the body has once its lines end in CRLF.
const std::vector<Sample>& rfc5118();
/// Example messages of many RFCs; Content-Length is as printed.
const std::vector<Sample>& examples();

/// The same message with a Content-Length that fits its body, whatever it said before.
std::string with_right_length(const std::string& message);

const Sample& find(const std::vector<Sample>& samples, std::string_view name);

} // namespace sotto::test
