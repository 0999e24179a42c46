#include "os/signals.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
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
    signals.on_signal([&](int number) {
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
    signals.on_signal([&](int) {
        came = true;
        io.stop();
    });
    ::kill(::getpid(), SIGUSR1);
    io.run();
    CHECK(came);
}
