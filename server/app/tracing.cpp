#include "app/tracing.hpp"

#include <boost/asio/post.hpp>

#include <array>
#include <cstdio>
#include <unistd.h>

namespace sotto::app {
namespace {

constexpr seconds kept_afterwards{3600};

std::string time_text(milliseconds at)
{
    std::array<char, 32> text{};
    std::snprintf(text.data(), text.size(), "+%lld.%03lld", static_cast<long long>(at.count() / 1000),
                  static_cast<long long>(at.count() % 1000));
    return text.data();
}

} // namespace

Tracing::Tracing(boost::asio::io_context& io, UseTap use_tap, audit::AuditLog& audit)
    : io_{io}, use_tap_{std::move(use_tap)}, audit_{audit}, timer_{io}
{
}

ctl::Reply Tracing::start(AccountId account, const std::string& address, seconds time)
{
    const std::lock_guard lock{mutex_};
    if (running_) return ctl::CommandError{"busy", "a trace runs already: `sotto trace stop` ends it"};
    trace_ = std::make_shared<AccountTrace>(account, std::chrono::time_point_cast<milliseconds>(Clock::now()));
    account_ = account;
    address_ = address;
    running_ = true;
    use_tap_(trace_);
    arm(time);
    return boost::json::object{{"seconds", time.count()}};
}

ctl::Reply Tracing::stop()
{
    const std::lock_guard lock{mutex_};
    if (!trace_) return ctl::CommandError{"not_found", "there is no trace: `sotto trace start` begins one"};
    if (running_) end();
    const auto ladder = trace_->ladder();
    trace_.reset();
    boost::json::array rungs;
    for (const auto& rung : ladder.rungs())
        rungs.push_back(boost::json::object{{"at", time_text(rung.at)},
                                            {"device", "device " + std::to_string(rung.device)},
                                            {"direction", rung.to_sotto ? "-->" : "<--"},
                                            {"message", rung.message},
                                            {"call", "call " + std::to_string(rung.call)}});
    return boost::json::object{{"account", address_}, {"ladder", std::move(rungs)}, {"full", ladder.full()}};
}

void Tracing::forget(AccountId account)
{
    const std::lock_guard lock{mutex_};
    if (!trace_ || account_ != account) return;
    if (running_) {
        end();
        note_end("ended by erasure");
    }
    trace_.reset();
}

void Tracing::arm(seconds span)
{
    boost::asio::post(io_, [this, span] {
        timer_.expires_after(span);
        timer_.async_wait([this](boost::system::error_code stopped) {
            if (!stopped) on_time();
        });
    });
}

void Tracing::on_time()
{
    const std::lock_guard lock{mutex_};
    if (!running_) {
        trace_.reset();
        return;
    }
    end();
    note_end("done");
}

void Tracing::end()
{
    running_ = false;
    use_tap_(nullptr);
    arm(kept_afterwards);
}

void Tracing::note_end(std::string_view result)
{
    static_cast<void>(audit_.record(
        {.who = {::geteuid(), "sottod"}, .what = "trace end", .purpose = "fault", .subject = address_}, result));
}

} // namespace sotto::app
