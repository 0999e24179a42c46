#pragma once
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace sotto::os {

/// Says when some files may have changed (inotify(7)): written, given other rights, replaced by another of the same
/// name, or reached through a symbolic link that leads elsewhere now. One word for all that happens within half a
/// second. On the io_context's thread.
class FileWatch {
public:
    /// Watches nothing when the system gives no descriptor.
    FileWatch(boost::asio::io_context& io, std::function<void()> changed);

    /// Replaces what is watched. Folders that do not exist are left out; call it again after each change, because the
    /// way to a file may have changed too.
    void watch(const std::vector<std::filesystem::path>& files);

private:
    void add_way_to(std::filesystem::path file);
    void read();
    /// True when one of the events is about a watched name.
    bool take_events(std::size_t length);

    boost::asio::posix::stream_descriptor inotify_;
    boost::asio::steady_timer quiet_;
    std::function<void()> changed_;
    std::map<int, std::set<std::string>> names_; ///< in each watched folder
    alignas(8) std::array<char, 8192> events_{};
};

} // namespace sotto::os
