// Loaded into a daemon under test (LD_PRELOAD): a disk that neither takes nor refuses what is to be flushed, of files
// whose path has a word in it. The file that HANGING_DISK names has the word; it goes on once none stands there. The
// file's last byte, the 256th, is 1 as soon as somebody has had to wait.
#include <array>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dlfcn.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <sys/mman.h>
#include <unistd.h>

namespace {

constexpr std::size_t size = 256;

/// Mapped before the process confines itself.
char* const word = [] {
    const char* name = std::getenv("HANGING_DISK");
    const int file = name == nullptr ? -1 : ::open(name, O_RDWR | O_CLOEXEC);
    void* at = file < 0 ? MAP_FAILED : ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (file >= 0) ::close(file);
    return at == MAP_FAILED ? nullptr : static_cast<char*>(at);
}();

bool hangs(std::string_view path)
{
    const std::string now{word, ::strnlen(word, size - 1)};
    return !now.empty() && path.find(now) != std::string_view::npos;
}

void wait(int file)
{
    if (word == nullptr) return;
    std::array<char, 4096> path{};
    const auto link = "/proc/self/fd/" + std::to_string(file);
    const auto length = ::readlink(link.c_str(), path.data(), path.size());
    constexpr timespec moment{.tv_sec = 0, .tv_nsec = 5'000'000};
    while (length > 0 && hangs({path.data(), static_cast<std::size_t>(length)})) {
        word[size - 1] = 1;
        ::nanosleep(&moment, nullptr);
    }
}

int pass_on(const char* name, int file)
{
    wait(file);
    return reinterpret_cast<int (*)(int)>(::dlsym(RTLD_NEXT, name))(file);
}

} // namespace

extern "C" int fsync(int file) { return pass_on("fsync", file); }
extern "C" int fdatasync(int file) { return pass_on("fdatasync", file); }
