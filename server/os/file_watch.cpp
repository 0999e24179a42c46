#include "os/file_watch.hpp"

#include <boost/asio/buffer.hpp>

#include <chrono>
#include <cstring>
#include <sys/inotify.h>

namespace sotto::os {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::milliseconds settling{500}; // a certificate and its key are two files
constexpr int most_links = 16;
constexpr std::uint32_t interesting =
    IN_CLOSE_WRITE | IN_ATTRIB | IN_CREATE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE; // rights are attributes

} // namespace

FileWatch::FileWatch(boost::asio::io_context& io, std::function<void()> changed)
    : inotify_{io}, quiet_{io}, changed_{std::move(changed)}
{
    const int descriptor = ::inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (descriptor < 0) return;
    inotify_.assign(descriptor);
    read();
}

void FileWatch::watch(const std::vector<fs::path>& files)
{
    if (!inotify_.is_open()) return;
    auto before = std::exchange(names_, {});
    for (const auto& file : files) add_way_to(fs::absolute(file).lexically_normal());
    for (const auto& [folder, names] : before)
        if (!names_.contains(folder)) ::inotify_rm_watch(inotify_.native_handle(), folder);
}

/// Each link on the way stands in a folder of its own, and so may every folder of the path.
void FileWatch::add_way_to(fs::path file)
{
    for (int link = 0; link < most_links; ++link) {
        fs::path way;
        std::error_code none;
        bool turned = false;
        for (auto part = file.begin(); part != file.end(); ++part) {
            const auto folder = way;
            way /= *part;
            const bool last = std::next(part) == file.end();
            const bool is_link = fs::is_symlink(way, none);
            if (!last && !is_link) continue;
            const int watched = ::inotify_add_watch(inotify_.native_handle(), folder.c_str(), interesting);
            if (watched >= 0) names_[watched].insert(part->string());
            if (!is_link) continue;
            auto target = folder / fs::read_symlink(way, none);
            while (++part != file.end()) target /= *part;
            file = target.lexically_normal();
            turned = true;
            break;
        }
        if (!turned) return;
    }
}

void FileWatch::read()
{
    inotify_.async_read_some(boost::asio::buffer(events_),
                             [this](boost::system::error_code failed, std::size_t length) {
                                 if (failed) return;
                                 if (take_events(length)) {
                                     quiet_.expires_after(settling);
                                     quiet_.async_wait([this](boost::system::error_code stopped) {
                                         if (!stopped) changed_();
                                     });
                                 }
                                 read();
                             });
}

bool FileWatch::take_events(std::size_t length)
{
    bool ours = false;
    for (std::size_t at = 0; at + sizeof(inotify_event) <= length;) {
        inotify_event event{};
        std::memcpy(&event, events_.data() + at, sizeof event);
        const auto* name = events_.data() + at + sizeof event;
        const auto watched = names_.find(event.wd);
        if (event.len > 0 && watched != names_.end() &&
            watched->second.contains(std::string{name, ::strnlen(name, event.len)}))
            ours = true;
        at += sizeof event + event.len;
    }
    return ours;
}

} // namespace sotto::os
