#pragma once
#include <cstddef>
#include <memory_resource>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sotto::sdp {

/// The names of sections (a=mid, RFC 5888) while a description is written, and what refers to them. A name that nothing
/// refers to, neither a group nor RTP nor what is to be trickled, would only tell one phone from another (RFC 5888 4,
/// RFC 8843 15.2, RFC 8840 4.1.1): whether something does shows once all is written. Views into the description's text.
class SectionNames {
public:
    explicit SectionNames(std::pmr::memory_resource* memory) : carried_{memory}, lines_{memory} {}

    /// The section of that name goes on, so that a group may name it; empty: it has none.
    void carry(std::string_view mid);
    /// Appends the a=mid of a section to `out`, which only grows from then on.
    void put(std::string& out, std::string_view mid);
    /// a=group (RFC 8843 7.3.3): sections that were rejected leave it, and one without members is not written.
    void put_group(std::string& out, std::string_view value);
    /// Something that was written refers to sections by name.
    void refer() { referred_ = true; }
    /// Takes the names out of `out` again, if nothing refers to them.
    void leave_out(std::string& out) const;

private:
    std::pmr::set<std::string_view> carried_;
    std::pmr::vector<std::pair<std::size_t, std::size_t>> lines_; ///< begin and length
    bool referred_{false};
};

} // namespace sotto::sdp
