#include "ctl/admin/socket_rights.hpp"

#include <memory>
#include <sys/acl.h>

namespace sotto::ctl {
namespace {

struct Free {
    void operator()(void* acl) const { ::acl_free(acl); }
};
using Acl = std::unique_ptr<std::remove_pointer_t<acl_t>, Free>;

} // namespace

bool admit_groups(const std::filesystem::path& file, const std::vector<gid_t>& groups, const std::string& permissions)
{
    const Acl before{::acl_get_file(file.c_str(), ACL_TYPE_ACCESS)};
    if (!before) return false;
    const std::unique_ptr<char, Free> text{::acl_to_text(before.get(), nullptr)};
    std::string entries{text ? text.get() : ""};
    for (const auto group : groups) entries += "group:" + std::to_string(group) + ":" + permissions + "\n";
    Acl wanted{::acl_from_text(entries.c_str())};
    auto* raw = wanted.release(); // acl_calc_mask may put another in its place
    const bool done =
        raw != nullptr && ::acl_calc_mask(&raw) == 0 && ::acl_set_file(file.c_str(), ACL_TYPE_ACCESS, raw) == 0;
    wanted.reset(raw);
    return done;
}

} // namespace sotto::ctl
