#include "os/signals.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

using namespace sotto;

TEST_CASE("a held signal waits for whoever reads it, whichever thread it came to")
{
    constexpr std::array numbers{SIGUSR1, SIGUSR2};
    os::hold_signals(numbers);
    boost::asio::io_context io;
    os::Signals signals{io, numbers};
    ::kill(::getpid(), SIGUSR1); // before anybody asks
    std::vector<int> came;
    signals.on_signal([&](int number, uid_t from) {
        CHECK(from == ::getuid());
        came.push_back(number);
        if (number == SIGUSR2) io.stop();
    });
    std::thread other{[&] { ::kill(::getpid(), SIGUSR2); }};
    io.run();
    other.join();
    CHECK(came == std::vector{SIGUSR1, SIGUSR2});
}

TEST_CASE("a signal that whoever started us ignored is held all the same")
{
    constexpr std::array numbers{SIGUSR1};
    std::signal(SIGUSR1, SIG_IGN);
    os::hold_signals(numbers);
    boost::asio::io_context io;
    os::Signals signals{io, numbers};
    bool came = false;
    signals.on_signal([&](int, uid_t) {
        came = true;
        io.stop();
    });
    ::kill(::getpid(), SIGUSR1);
    io.run();
    CHECK(came);
}

TEST_CASE("it is said which user sent a signal")
{
    constexpr uid_t nobody = 65534;
    if (::getuid() != 0) {
        WARN("only root can send as another user: not tried");
        return;
    }
    constexpr std::array numbers{SIGUSR1};
    os::hold_signals(numbers);
    boost::asio::io_context io;
    os::Signals signals{io, numbers};
    uid_t sender = 0;
    signals.on_signal([&](int, uid_t from) {
        sender = from;
        io.stop();
    });
    const auto parent = ::getpid();
    const auto child = ::fork();
    REQUIRE(child >= 0);
    // A user may signal who has its real user; root gives itself that of the child and keeps the right to take it back.
    if (child == 0) ::_exit(::setresuid(nobody, 0, 0) == 0 && ::kill(parent, SIGUSR1) == 0 ? 0 : 1);
    int status = -1;
    ::waitpid(child, &status, 0);
    REQUIRE(status == 0);
    io.run();
    CHECK(sender == nobody);
}
