// Many phones, one Sotto core, and chance: lost connections, restarts, delayed and overtaking messages, jumps of the
// clock. A seed tells the same story each time.
//   simulation --seeds N [--from N]   runs N seeds; names those that fail and ends with 1
//   simulation --seed N               runs one and tells what happens
#include "simulation/phone.hpp"
#include "wire/parse.hpp"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <deque>
#include <string_view>

namespace sotto::simulation {
namespace {

// No sealed value holds one by chance: those have no dots.
constexpr std::array<std::string_view, 8> names{"q.alpha",   "q.bravo", "q.charly", "q.delta",
                                                "q.foxtrot", "q.golf",  "q.hotel",  "q.india"};
constexpr std::size_t things_to_do = 250;
constexpr milliseconds between_things{1500};
constexpr seconds until_all_is_over{1000}; ///< longer than any timer, one after the other
constexpr std::size_t most_events = 2'000'000;

class Simulation {
public:
    Simulation(std::uint64_t seed, bool story) : chance_{seed}, machine_{schedule_, chance_, accounts_}
    {
        world_.story = story;
        const auto count = 3 + chance_.below(names.size() - 2);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string name{names[i]};
            const bool withholds = chance_.one_in(3);
            accounts_->add(name, withholds);
            users_.push_back(name);
            if (withholds) withholding_.insert(name);
            if (i == 0) continue; // somebody who is never there
            for (auto phones = 1 + chance_.below(2); phones > 0; --phones)
                phones_.emplace_back(world_, phones_.size() + 1, name);
        }
        users_.emplace_back("qnobody");
    }

    void run()
    {
        for (std::size_t i = 0; i < things_to_do; ++i) {
            run_until(schedule_.now() + chance_.up_to(between_things));
            if (chance_.one_in(80)) {
                if (world_.story) std::puts("            Sotto restarts");
                machine_.restart(chance_.one_in(2));
            } else if (chance_.one_in(80)) {
                if (world_.story) std::puts("            the clock jumps");
                world_.jumps.push_back(schedule_.now());
                schedule_.advance_to(schedule_.now() + chance_.up_to(chance_.one_in(3) ? seconds{7200} : seconds{120}));
            } else {
                phones_[chance_.below(phones_.size())].act();
            }
        }
        for (auto& phone : phones_) phone.finish();
        run_until(schedule_.now() + until_all_is_over);
        for (auto& phone : phones_) phone.finish(); // calls that were answered in the meantime
        run_until(schedule_.now() + until_all_is_over);
        machine_.require_idle();
        for (const auto& phone : phones_) phone.require_finished();
        require(world_.calls_ended <= world_.calls_up, "a call ends once");
    }

    [[nodiscard]] std::uint64_t messages() const { return machine_.messages(); }
    [[nodiscard]] std::size_t calls() const { return world_.calls_up; }

private:
    void run_until(TimePoint end)
    {
        for (;;) {
            require(++events_ < most_events, "the core is never done");
            const auto deadline = machine_.next_deadline();
            if (std::min(schedule_.next(), deadline) > end) break;
            if (deadline < schedule_.next()) {
                schedule_.advance_to(deadline);
                machine_.on_deadline();
            } else {
                schedule_.run_next();
            }
        }
        schedule_.advance_to(end);
    }

    Schedule schedule_;
    Chance chance_;
    std::shared_ptr<Accounts> accounts_{std::make_shared<Accounts>()};
    Machine machine_;
    Marks marks_;
    std::vector<std::string> users_;
    std::set<std::string> withholding_;
    Phone::World world_{schedule_, chance_, machine_, marks_, users_, withholding_};
    std::deque<Phone> phones_;
    std::size_t events_{0};
};

} // namespace
} // namespace sotto::simulation

int main(int argc, char** argv)
{
    using namespace sotto::simulation;
    std::uint64_t from = 1;
    std::uint64_t seeds = 100;
    bool story = false;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string_view option{argv[i]};
        const auto value = std::strtoull(argv[i + 1], nullptr, 10);
        if (option == "--seed") {
            from = value;
            seeds = 1;
            story = true;
        } else if (option == "--seeds") {
            seeds = value;
        } else if (option == "--from") {
            from = value;
        } else {
            std::fprintf(stderr, "simulation --seeds N [--from N] | --seed N\n");
            return 2;
        }
    }
    sotto::wire::initialise();
    std::uint64_t failed = 0;
    std::uint64_t messages = 0;
    std::size_t calls = 0;
    for (auto seed = from; seed < from + seeds; ++seed) {
        Simulation simulation{seed, story};
        try {
            simulation.run();
        } catch (const std::exception& violation) {
            ++failed;
            std::printf("seed %llu: %s\n", static_cast<unsigned long long>(seed), violation.what());
        }
        messages += simulation.messages();
        calls += simulation.calls();
    }
    std::printf("%llu seeds, %llu messages, %zu calls: %llu failed\n", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(messages), calls, static_cast<unsigned long long>(failed));
    return failed == 0 ? 0 : 1;
}
