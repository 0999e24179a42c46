#include "os/sandbox.hpp"

#include <catch2/catch.hpp>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <thread>

namespace fs = std::filesystem;
using namespace sotto::os;

namespace {

struct Folder {
    fs::path path = [] {
        std::string pattern = (fs::temp_directory_path() / "sotto-sandbox-XXXXXX").string();
        return fs::path{mkdtemp(pattern.data())};
    }();
    ~Folder() { fs::remove_all(path); }
};

void write(const fs::path& file, const std::string& text) { std::ofstream{file} << text; }

bool can_open(const fs::path& file, int flags)
{
    const int descriptor = open(file.c_str(), flags, 0600);
    if (descriptor >= 0) close(descriptor);
    return descriptor >= 0;
}

/// In a process of its own, since there is no way back.
bool holds(const std::function<bool()>& claim)
{
    const auto child = fork();
    if (child == 0) {
        bool good = false;
        try {
            good = claim();
        } catch (...) {
        }
        _exit(good ? 0 : 1);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

} // namespace

TEST_CASE("Only the named folders can be read, and only those for writing be written", "[sandbox]")
{
    const Folder folder;
    for (const auto* name : {"state", "tls", "other"}) {
        fs::create_directory(folder.path / name);
        write(folder.path / name / "file", "x");
    }
    const Folders admitted{.read = {folder.path / "tls"}, .write = {{folder.path / "state"}}};
    const auto confined = [&](const std::function<bool()>& claim) {
        return holds([&] { return confine_files(admitted) && claim(); });
    };
    CHECK(confined([&] { return can_open(folder.path / "tls/file", O_RDONLY); }));
    CHECK(confined([&] { return !can_open(folder.path / "tls/file", O_WRONLY); }));
    CHECK(confined([&] { return !can_open(folder.path / "tls/new", O_CREAT | O_WRONLY); }));
    CHECK(confined([&] { return can_open(folder.path / "state/new", O_CREAT | O_RDWR); }));
    CHECK(confined([&] { return unlink((folder.path / "state/file").c_str()) == 0; }));
    CHECK(confined([&] { return !can_open(folder.path / "other/file", O_RDONLY) && errno == EACCES; }));
    CHECK(confined([&] { return can_open("/etc/group", O_RDONLY); })); // roles come from it
    CHECK(confined([&] {                                               // threads that come later are confined too
        bool open_there = true;
        std::thread{[&] { open_there = can_open(folder.path / "other/file", O_RDONLY); }}.join();
        return !open_there;
    }));
}

TEST_CASE("A certificate behind links, as certbot lays them, brings all their folders", "[sandbox]")
{
    const Folder folder;
    fs::create_directories(folder.path / "live/example.org");
    fs::create_directories(folder.path / "archive/example.org");
    write(folder.path / "archive/example.org/cert1.pem", "one");
    write(folder.path / "archive/example.org/cert2.pem", "two");
    const auto link = folder.path / "live/example.org/cert.pem";
    fs::create_symlink("../../archive/example.org/cert1.pem", link);
    const Folders admitted{.read = folders_of(link), .write = {}};
    CHECK(admitted.read.size() == 2);
    CHECK(admitted.admits(folder.path / "archive/example.org"));
    CHECK_FALSE(admitted.admits(folder.path / "archive"));
    CHECK_FALSE(admitted.admits(folder.path / "archive/example.org.evil"));
    fs::remove(link);
    fs::create_symlink("../../archive/example.org/cert2.pem", link);
    CHECK(holds([&] { return confine_files(admitted) && can_open(link, O_RDONLY); }));
}

TEST_CASE("A link that leads to itself ends", "[sandbox]")
{
    const Folder folder;
    fs::create_symlink("b", folder.path / "a");
    fs::create_symlink("a", folder.path / "b");
    CHECK(folders_of(folder.path / "a").size() == 1);
}

TEST_CASE("No program can be started, no address listened on, no memory written and executed, no clock set",
          "[sandbox]")
{
    const auto confined = [](const std::function<bool()>& claim) {
        return holds([&] {
            confine_calls();
            return claim();
        });
    };
    CHECK(confined([] {
        char* const arguments[]{const_cast<char*>("true"), nullptr};
        return execv("/bin/true", arguments) == -1 && errno == EPERM;
    }));
    CHECK(confined([] { return fork() == -1; }));
    CHECK(confined([] {
        const int listener = socket(AF_INET, SOCK_STREAM, 0);
        sockaddr_in any{};
        any.sin_family = AF_INET;
        return listener >= 0 && bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) == -1 && errno == EPERM;
    }));
    CHECK(confined([] {
        return mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
               MAP_FAILED;
    }));
    CHECK(confined([] {
        void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == -1;
    }));
    CHECK(confined([] { // nor asked who steers it, which is the same call
        timex state{};
        timespec now{};
        clock_gettime(CLOCK_REALTIME, &now);
        return adjtimex(&state) == -1 && errno == EPERM && clock_settime(CLOCK_REALTIME, &now) == -1;
    }));
    CHECK(confined([] { // threads still can
        int done = 0;
        std::thread{[&] { done = 1; }}.join();
        return done == 1;
    }));
}
