#include "load/run.hpp"

#include "load/flows.hpp"
#include "load/process_tree.hpp"
#include "load/slope.hpp"

#include <algorithm>
#include <cstdio>
#include <map>
#include <memory>
#include <random>
#include <stdexcept>
#include <sys/resource.h>
#include <unistd.h>

namespace sotto::load {
namespace {

using std::chrono::milliseconds;
using Seconds = std::chrono::duration<double>;

constexpr std::chrono::seconds look_interval{10};

std::string numbered(std::string pattern, std::size_t number)
{
    const auto place = pattern.find("%d");
    if (place != std::string::npos) pattern.replace(place, 2, std::to_string(number));
    return pattern;
}

bool calls_others(Profile profile)
{
    return profile == Profile::call || profile == Profile::message || profile == Profile::mixed;
}

TimePoint after(TimePoint start, double seconds)
{
    return start + std::chrono::duration_cast<Clock::duration>(Seconds{seconds});
}

class Run {
public:
    explicit Run(const Options& options) : bench_{options}, tree_{options.server}, random_{options.seed}
    {
        build_phones();
    }

    Measured go()
    {
        measured_.connections = phones_.size();
        measured_.lines = ends_.size();
        if (bench_.options.server != 0 && !tree_.alive())
            throw std::runtime_error("there is no server process of that number");
        if (bench_.options.profile == Profile::idle) return idle();
        if (bench_.options.profile != Profile::handshake) {
            const auto started = Clock::now();
            register_all(0, phones_.size(), bench_.options.ramp_rate);
            measured_.preparation_seconds = Seconds{Clock::now() - started}.count();
        }
        if (bench_.options.warm_up.count() > 0 && !failed_to_prepare()) {
            operate(0, bench_.options.warm_up);
            // Faults of the warm-up stay counted; its figures do not.
            auto errors = std::move(bench_.tally.errors);
            bench_.tally = Tally{};
            bench_.tally.errors = std::move(errors);
        } else {
            const auto registered = bench_.tally.latencies["register"];
            bench_.tally.latencies.clear();
            if (registered.count() > 0) bench_.tally.latencies["first register"] = registered;
        }
        before();
        if (!failed_to_prepare()) {
            if (bench_.options.profile == Profile::storm)
                storm();
            else
                operate(bench_.options.count, bench_.options.duration);
        }
        return finished();
    }

private:
    void build_phones()
    {
        const auto& options = bench_.options;
        std::size_t lines = options.concurrency * (calls_others(options.profile) ? 2 : 1);
        lines = std::max(lines, options.registered);
        const auto phones = (lines + options.lines_per_connection - 1) / options.lines_per_connection;
        if (phones > most_connections) throw std::invalid_argument("that is more connections than this tool opens");
        rlimit limit{};
        getrlimit(RLIMIT_NOFILE, &limit);
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
        if (phones + 64 > limit.rlim_cur)
            throw std::invalid_argument(
                "more connections than open files are allowed (ulimit -n): use --lines-per-connection");
        for (std::size_t i = 0; i < phones; ++i)
            phones_.push_back(std::make_unique<Phone>(bench_, source_address(i / options.connections_per_source)));
        if (options.reconnects())
            for (auto& phone : phones_) phone->lost = [this, back = phone.get()] { come_back_by_itself(*back); };
        for (std::size_t i = 0; i < lines; ++i) {
            auto line = std::make_unique<Line>();
            const auto number = options.first_account + i;
            const auto address = numbered(options.accounts, number);
            line->credentials = {address.substr(0, address.find('@')), numbered(options.passwords, number)};
            line->address = join("sip:", address);
            line->instance = join(bench_.token(8), "-", bench_.token(4), "-4", bench_.token(3), "-8", bench_.token(3),
                                  "-", bench_.token(12));
            line->media_port = static_cast<std::uint16_t>(10'000 + i % 50'000);
            line->registration.call_id = bench_.token(32);
            line->registration.local_uri = line->registration.remote_uri = line->address;
            line->registration.local_tag = bench_.token(12);
            line->registration.remote_target = join("sip:", bench_.domain);
            auto& phone = *phones_[i / options.lines_per_connection];
            ends_.push_back({&phone, line.get()});
            phone.lines.push_back(std::move(line));
        }
    }

    bool failed_to_prepare() const
    {
        return ready_lines_ < ends_.size() && bench_.options.profile != Profile::handshake;
    }

    /// Connects a phone and registers its lines; in a storm it tries again, as a phone does, until `give_up`.
    Job bring_up(std::size_t number, std::optional<TimePoint> give_up)
    {
        ++jobs_;
        auto& phone = *phones_[number];
        auto pause = milliseconds{200};
        for (;;) {
            auto failure = co_await phone.connect();
            if (failure.empty()) break;
            const bool again = give_up && Clock::now() < *give_up;
            if (!again) {
                bench_.error(join("connection: ", failure));
                --jobs_;
                co_return;
            }
            ++bench_.tally.retries;
            const auto later = Clock::now() + pause;
            pause = std::min(pause * 2, milliseconds{2000});
            co_await Until{bench_.loop, later};
        }
        for (const auto& line : phone.lines) {
            End end{&phone, line.get()};
            const bool registered = co_await register_line(bench_, end);
            if (registered) ++ready_lines_;
        }
        phone.registered = phone.connected();
        --jobs_;
    }

    /// After its connection was lost: as a phone does, again and again until the time-out of an answer.
    Job come_back_by_itself(Phone& phone)
    {
        ++jobs_;
        const auto lost = Clock::now();
        const auto give_up = lost + bench_.options.timeout;
        while (!phone.registered && Clock::now() < give_up) {
            const auto later = Clock::now() + bench_.options.reconnect;
            co_await Until{bench_.loop, later};
            ++bench_.tally.retries;
            const auto failure = co_await phone.connect();
            if (!failure.empty()) continue;
            std::size_t back = 0;
            for (const auto& line : phone.lines) {
                line->challenge.reset(); // a nonce may be bound to its connection
                End end{&phone, line.get()};
                const bool registered = co_await register_line(bench_, end);
                if (registered) ++back;
            }
            phone.registered = back == phone.lines.size() && phone.connected();
        }
        if (phone.registered) bench_.tally.latencies["back"].record(Clock::now() - lost);
        --jobs_;
    }

    /// At most 64 at a time, and no faster than `rate` (connections per second) if it is not 0.
    void register_all(std::size_t from, std::size_t to, double rate, std::optional<TimePoint> give_up = {})
    {
        const auto started = Clock::now();
        const std::size_t at_once = rate > 0 ? most_connections : 64;
        std::size_t next = from;
        std::function<void()> more = [&] {
            const auto now = Clock::now();
            // A few at a time, so that each says hello as soon as it is connected, as a phone of its own would.
            int few = 0;
            for (; few < 16 && next < to && jobs_ < at_once; ++few) {
                const auto due = rate > 0 ? after(started, static_cast<double>(next - from) / rate) : now;
                if (due > now) {
                    bench_.loop.at(due, [] {});
                    break;
                }
                bring_up(next++, give_up);
            }
            if (few == 16) bench_.loop.at(now, [] {}); // the others after what has come meanwhile
        };
        bench_.loop.run_until([&] {
            if (!bench_.hopeless()) more();
            return (next == to || bench_.hopeless()) && jobs_ == 0;
        });
    }

    Task<bool> operation(std::size_t slot)
    {
        const auto peer = slot + ends_.size() / 2;
        switch (bench_.options.profile) {
        case Profile::call:
            return place_call(bench_, ends_[slot], ends_[peer]);
        case Profile::message:
            return send_message(bench_, ends_[slot], ends_[peer]);
        case Profile::handshake:
            return shake_hands(bench_, ends_[slot]);
        case Profile::mixed:
            return any(slot, peer);
        default:
            return register_line(bench_, ends_[slot]);
        }
    }

    /// Of twenty operations: eleven refreshes, five calls, three messages, one connection that comes back.
    Task<bool> any(std::size_t slot, std::size_t peer)
    {
        const auto dice = random_() % 20;
        if (dice < 5) return place_call(bench_, ends_[slot], ends_[peer]);
        if (dice < 8) return send_message(bench_, ends_[slot], ends_[peer]);
        // Those who are called refresh and come back as well: otherwise their bindings end in a long run.
        const auto& either = ends_[random_() % 2 == 0 ? slot : peer];
        // A phone with several lines must not be hung up while another line of it is in a call.
        if (dice < 9 && bench_.options.lines_per_connection == 1) return come_back(either);
        return register_line(bench_, either);
    }

    Task<bool> come_back(End end)
    {
        const bool removed = co_await unregister_line(bench_, end);
        if (!removed) co_return false;
        end.phone->disconnect();
        const auto started = Clock::now();
        const auto failure = co_await end.phone->connect();
        if (!failure.empty()) {
            bench_.error(join("connection: ", failure));
            co_return false;
        }
        bench_.tally.latencies["handshake"].record(Clock::now() - started);
        end.line->challenge.reset(); // a nonce may be bound to its connection
        const bool registered = co_await register_line(bench_, end);
        co_return registered;
    }

    /// Whoever has been silent for the longest is the next.
    Job closed_loop()
    {
        ++jobs_;
        while (may_start()) {
            ++started_;
            const auto slot = free_.front();
            free_.pop_front();
            const bool good = co_await operation(slot);
            free_.push_back(slot);
            if (good)
                ++bench_.tally.operations;
            else {
                const auto later = Clock::now() + milliseconds{100}; // no hammering of a server that fails
                co_await Until{bench_.loop, later};
            }
        }
        --jobs_;
    }

    Job one(std::size_t slot)
    {
        ++jobs_;
        const bool good = co_await operation(slot);
        if (good) ++bench_.tally.operations;
        is_free(slot);
        --jobs_;
    }

    void is_free(std::size_t slot)
    {
        const auto from = ends_[slot].phone->told_to_wait;
        if (from > Clock::now())
            told_to_wait_.emplace(from, slot);
        else
            free_.push_back(slot);
    }

    void those_who_have_waited()
    {
        const auto end = told_to_wait_.upper_bound(Clock::now());
        for (auto one = told_to_wait_.begin(); one != end; one = told_to_wait_.erase(one)) free_.push_back(one->second);
    }

    /// Every operation has its due time, whether or not the server keeps up; who is due finds a free slot or is missed.
    Job open_loop(TimePoint start)
    {
        ++jobs_;
        for (std::size_t slot = 0; slot < bench_.options.concurrency; ++slot) is_free(slot);
        while (may_start()) {
            const auto due = after(start, static_cast<double>(started_) / bench_.options.rate);
            if (due > Clock::now()) co_await Until{bench_.loop, due};
            ++started_;
            those_who_have_waited();
            if (free_.empty()) {
                ++bench_.tally.missed;
                continue;
            }
            const auto slot = free_.front();
            free_.pop_front();
            one(slot);
        }
        --jobs_;
    }

    bool may_start() const
    {
        return !bench_.hopeless() && (limit_ == 0 ? Clock::now() < end_ : started_ < limit_ && Clock::now() < end_);
    }

    void operate(std::size_t count, milliseconds duration)
    {
        const auto start = Clock::now();
        started_ = 0;
        free_.clear();
        told_to_wait_.clear();
        limit_ = count;
        end_ = start + (count > 0 ? milliseconds{longest_run} : duration);
        if (bench_.options.rate > 0) {
            open_loop(start);
        } else {
            const auto callers = ends_.size() / (calls_others(bench_.options.profile) ? 2 : 1);
            for (std::size_t slot = 0; slot < callers; ++slot) free_.push_back(slot);
            for (std::size_t i = 0; i < bench_.options.concurrency; ++i) closed_loop();
        }
        bench_.loop.run_until([this] {
            watch_server();
            return jobs_ == 0;
        });
    }

    /// In the second half only: until then tables and the allocator's pools grow to their size.
    void watch_server()
    {
        const auto now = Clock::now();
        if (!measured_.server || now < next_look_) return;
        next_look_ = now + look_interval;
        if (now - start_ < (end_ - start_) / 2) return;
        const auto hours = std::chrono::duration<double, std::ratio<3600>>(now - start_).count();
        own_.add(hours, static_cast<double>(tree_.own_kib()));
        descriptors_.add(hours, static_cast<double>(tree_.descriptors()));
    }

    /// Whoever runs the server reads `ready`, and restarts it.
    void lose_connections()
    {
        if (!bench_.options.server_ends) {
            for (auto& phone : phones_) phone->disconnect();
            return;
        }
        for (auto& phone : phones_) phone->expect_loss();
        std::puts("ready");
        std::fflush(stdout);
        bench_.loop.run_until([this] { return std::ranges::none_of(phones_, &Phone::connected); });
    }

    void storm()
    {
        lose_connections();
        for (auto& end : ends_) end.line->challenge.reset();
        ready_lines_ = 0;
        const auto within = std::chrono::duration_cast<Seconds>(bench_.options.within);
        const auto started = Clock::now();
        // After the end of a server all notice within a second.
        const auto spread = bench_.options.server_ends ? 1.0 : std::max(0.1, within.count() / 2);
        const auto rate = static_cast<double>(phones_.size()) / spread;
        register_all(0, phones_.size(), rate, started + bench_.options.within);
        const Seconds took = Clock::now() - started;
        measured_.back_after_seconds = took.count();
        bench_.tally.operations = ready_lines_;
        if (ready_lines_ < ends_.size()) bench_.error("storm: not every line came back");
        if (took > within) bench_.error("storm: not back in time");
    }

    void wait(milliseconds time)
    {
        const auto end = Clock::now() + time;
        bench_.loop.at(end, [] {});
        bench_.loop.run_until([end] { return Clock::now() >= end; });
    }

    Job ping(Phone& phone)
    {
        ++jobs_;
        const bool answered = co_await phone.ping();
        if (answered)
            ++bench_.tally.operations;
        else
            bench_.error("idle: keep-alive not answered");
        --jobs_;
    }

    /// The slope leaves out what the server holds for the first connections and for itself.
    Measured idle()
    {
        const auto base = std::min(bench_.options.idle_base, phones_.size() / 2);
        register_all(0, base, bench_.options.ramp_rate);
        wait(bench_.options.settle);
        before();
        const auto first = bench_.options.server != 0 ? tree_.pss_kib() : 0;
        register_all(base, phones_.size(), bench_.options.ramp_rate);
        wait(bench_.options.settle);
        if (bench_.options.server != 0) {
            const auto all = tree_.pss_kib();
            const auto open = std::ranges::count_if(phones_, [](const auto& phone) { return phone->connected(); });
            const auto more = static_cast<double>(open) - static_cast<double>(base);
            if (more > 0)
                measured_.pss_kib_per_connection = (static_cast<double>(all) - static_cast<double>(first)) / more;
        }
        if (!bench_.options.floor &&
            bench_.options.count + static_cast<std::size_t>(bench_.options.duration.count()) > 0) {
            wait(bench_.options.duration);
            for (auto& phone : phones_) ping(*phone);
            bench_.loop.run_until([this] { return jobs_ == 0; });
        }
        if (failed_to_prepare()) bench_.error("idle: not every line was registered");
        return finished();
    }

    void before()
    {
        start_ = Clock::now();
        if (bench_.options.server == 0) return;
        Measured::Server server;
        server.pss_kib_before = tree_.pss_kib();
        server.descriptors_before = tree_.descriptors();
        cpu_before_ = tree_.cpu();
        measured_.server = server;
        start_ = Clock::now();
    }

    Job take_down(Phone& phone)
    {
        ++jobs_;
        for (const auto& line : phone.lines) {
            End end{&phone, line.get()};
            const bool removed = co_await unregister_line(bench_, end);
            if (!removed) break;
        }
        --jobs_;
    }

    /// As a phone that is switched off: the next run is to find no binding of this one.
    void unregister_all()
    {
        if (bench_.options.floor || bench_.hopeless()) return;
        std::size_t next = 0;
        bench_.loop.run_until([&] {
            for (; next < phones_.size() && jobs_ < 64; ++next)
                if (phones_[next]->connected()) take_down(*phones_[next]);
            return next == phones_.size() && jobs_ == 0;
        });
    }

    Measured finished()
    {
        measured_.lasted = Clock::now() - start_;
        if (measured_.server) {
            if (!tree_.alive()) bench_.error("the server process is gone");
            measured_.server->cpu_us = static_cast<double>((tree_.cpu() - cpu_before_).count());
            measured_.server->pss_kib_after = tree_.pss_kib();
            measured_.server->descriptors_after = tree_.descriptors();
            measured_.server->own_kib_per_hour = own_.value();
            measured_.server->descriptors_per_hour = descriptors_.value();
        }
        const auto answers = bench_.tally.answers;
        unregister_all();
        bench_.tally.answers = answers;
        if (bench_.hopeless()) bench_.error("stopped: too many errors");
        measured_.tally = bench_.tally;
        return measured_;
    }

    Bench bench_;
    ProcessTree tree_;
    std::mt19937_64 random_;
    std::vector<std::unique_ptr<Phone>> phones_;
    std::vector<End> ends_; ///< callers first, whom they call in the second half
    std::size_t ready_lines_{0};
    std::size_t jobs_{0};
    std::size_t started_{0};
    std::size_t limit_{0};
    TimePoint end_;
    TimePoint start_;
    std::deque<std::size_t> free_;
    std::multimap<TimePoint, std::size_t> told_to_wait_; ///< slots, and from when on they are free
    std::chrono::microseconds cpu_before_{0};
    TimePoint next_look_; ///< at the server's memory
    Slope own_, descriptors_;
    Measured measured_;
};

} // namespace

Measured run(const Options& options) { return Run{options}.go(); }

} // namespace sotto::load
