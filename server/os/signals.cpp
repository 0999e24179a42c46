#include "os/signals.hpp"

#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sotto::os {
namespace {

sigset_t set_of(std::span<const int> numbers)
{
    sigset_t set;
    sigemptyset(&set);
    for (const int number : numbers) sigaddset(&set, number);
    return set;
}

int descriptor_for(std::span<const int> numbers)
{
    const auto set = set_of(numbers);
    const int descriptor = ::signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (descriptor < 0) throw std::system_error{errno, std::generic_category(), "signalfd"};
    return descriptor;
}

} // namespace

void hold_signals(std::span<const int> numbers)
{
    const auto set = set_of(numbers);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    // Whoever started us may have ignored them (nohup(1)), and what is ignored does not wait.
    for (const int number : numbers) std::signal(number, SIG_DFL);
}

bool is_held(int number)
{
    sigset_t set;
    sigemptyset(&set);
    ::sigpending(&set);
    return sigismember(&set, number) == 1;
}

Signals::Signals(boost::asio::io_context& io, std::span<const int> numbers) : descriptor_{io, descriptor_for(numbers)}
{
}

void Signals::on_signal(std::function<void(int, uid_t)> came)
{
    came_ = std::move(came);
    read();
}

void Signals::read()
{
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, [this](boost::system::error_code error) {
        if (error) return;
        signalfd_siginfo signal{};
        while (::read(descriptor_.native_handle(), &signal, sizeof signal) == static_cast<ssize_t>(sizeof signal))
            came_(static_cast<int>(signal.ssi_signo), signal.ssi_uid);
        read();
    });
}

} // namespace sotto::os
