#include "load/process_tree.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <ctime>
#include <sys/wait.h>
#include <unistd.h>

using namespace sotto::load;

TEST_CASE("a tree's CPU time holds what its children spend")
{
    const ProcessTree self{getpid()};
    REQUIRE(self.alive());
    const auto before = self.cpu();
    int spent[2];
    REQUIRE(pipe(spent) == 0);
    const auto child = fork();
    if (child == 0) {
        timespec used{};
        while (used.tv_nsec < 200'000'000 && used.tv_sec == 0) clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
        (void)!write(spent[1], "x", 1);
        pause();
        _exit(0);
    }
    char byte;
    REQUIRE(read(spent[0], &byte, 1) == 1);
    CHECK(self.cpu() - before >= std::chrono::milliseconds{150});
    CHECK(self.pss_kib() > ProcessTree{child}.pss_kib());
    CHECK(self.own_kib() < self.pss_kib());
    CHECK(self.own_kib() > 0);
    CHECK(self.descriptors() > 3);
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    CHECK_FALSE(ProcessTree{child}.alive());
    close(spent[0]);
    close(spent[1]);
}
