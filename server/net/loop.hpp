#pragma once
#include "core/types/time.hpp"
#include "net/asio.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <semaphore>
#include <string>
#include <thread>
#include <vector>

namespace sotto::net {

/// What a thread has done: for all loops that it drives.
struct Usage {
    std::chrono::microseconds worked{};         ///< processor time
    std::chrono::microseconds for_handshakes{}; ///< a part of it
    long waited{0};                             ///< how often: for an event, or for another thread
};

/// An I/O loop and its thread. While the loops of a process have little to do, the first one's thread drives the
/// others, too, and theirs sleep: to wake a thread for each message that crosses costs more than the message does.
///
/// Who runs in a loop is always one thread at a time, and what it left the next one sees; only which thread it is
/// changes. All loops of a process are stopped and joined before the first of them is destroyed.
class Loop {
public:
    Loop() = default;
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    [[nodiscard]] asio::io_context& context() { return context_; }

    /// `first`: whose thread may drive this one's loop. Before either is started.
    void follow(Loop& first) { first_ = &first; }
    /// Begins a thread of this name. What was posted before is run by it.
    void start(std::string name);

    /// Runs `work` in the loop. From any thread. What is posted before the loop has its turn it runs one after the
    /// other, woken once. Only who is inside the loop may use what Asio offers instead: of anything else that is posted
    /// to its context a thread that waits for several loops hears nothing.
    template <class Work> void post(Work work) { leave(std::make_unique<Parcel<Work>>(std::move(work))); }

    /// Of the threads that have driven this loop, while they did. It never falls. Inside the loop only, as the next
    /// four.
    [[nodiscard]] Usage usage() const;
    /// A part of `usage`, with one question to the kernel instead of two.
    [[nodiscard]] std::chrono::microseconds worked() const;
    [[nodiscard]] std::chrono::microseconds worked_for_handshakes() const;
    /// Wipes soon what is left on the stack below the driver's own loop.
    void wipe();
    /// Tells, from inside the loop and some twenty times a second while it has anything to do, how long its thread has
    /// worked in a `period` that ends `now`, and whether that is more than it could do. Decides who drives the loop.
    void look(std::chrono::microseconds worked, milliseconds period, bool behind, TimePoint now);

    /// Ends the thread soon, whatever runs. From any thread.
    void stop();
    /// Waits until the thread has ended. The first loop's may run in this loop until that one is joined, too.
    void join();

private:
    using Readiness = asio::posix::basic_stream_descriptor<asio::io_context::executor_type>;
    struct Posted {
        virtual ~Posted() = default;
        virtual void run() = 0;
    };
    template <class Work> struct Parcel final : Posted {
        explicit Parcel(Work given) : work{std::move(given)} {}
        void run() override { work(); }
        Work work;
    };
    struct Guest {
        Loop* loop;
        std::uint64_t stay; ///< what was ready in an earlier one is not this one's
        Readiness ready;    ///< the guest's own reactor, which it keeps
    };

    void drive();
    void leave(std::unique_ptr<Posted> posted);
    void take_posted();
    void take_in(Loop& loop);
    void give_back(Loop& loop, TimePoint not_before);
    void send_home(Loop& asks, TimePoint now);
    void await(Guest& guest);
    void visit(const Loop& loop);
    void visit_soon(const Loop& loop);
    std::vector<Guest>::iterator find(const Loop& loop);

    asio::io_context context_{BOOST_ASIO_CONCURRENCY_HINT_UNSAFE_IO}; ///< others may post; only one thread waits
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    std::mutex mutex_;                            ///< of what is posted; held for a move of a pointer
    std::vector<std::unique_ptr<Posted>> posted_; ///< since the loop's last turn to it
    bool called_{false};                          ///< that turn will come
    Loop* first_{this};
    std::atomic<Loop*> driver_{this};    ///< whose thread runs in this loop
    std::atomic<std::uint32_t> load_{0}; ///< of the first loop's thread, in thousandths of its time
    std::atomic<TimePoint> load_told_{};
    TimePoint busy_until_{};
    Usage before_{}, began_{}; ///< of earlier threads; of the present one when it came
    std::counting_semaphore<> at_home_{0};
    std::atomic<bool> ended_{false};
    std::vector<Guest> guests_; ///< loops that this one's thread drives, besides its own
    std::uint64_t stays_{0};
    std::thread thread_;
};

} // namespace sotto::net
