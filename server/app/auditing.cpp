#include "app/auditing.hpp"

#include "app/every.hpp"
#include "app/last_run.hpp"
#include "audit/audit_key.hpp"
#include "audit/retention.hpp"
#include "log/audit_events.hpp"
#include "log/log.hpp"
#include "store/store_error.hpp"

#include <boost/asio/post.hpp>

#include <pthread.h>
#include <unistd.h>

namespace sotto::app {
namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr milliseconds an_hour{3600 * 1000};
/// What waits to be noted while the disk hangs; of more there is the event in the log alone.
constexpr std::size_t most_notes = 1000;

/// Who acts where the daemon does something on its own.
audit::Actor own_self() { return {::geteuid(), "sottod"}; }

void say_head(const audit::Head& head) { log::audit_head_is(head.sequence, audit::hex(head.hash)); }

void say_checkpoint(const audit::Head& head, const audit::Signature& signature)
{
    log::audit_is_signed(head.sequence, audit::hex(head.hash), audit::hex(signature));
}

void say_broken(const audit::Bad& bad)
{
    event(Event::audit_broken, field("sequence", bad.sequence), field("reason", Plain{bad.why}));
}

void say_unread(const std::string& why) { event(Event::audit_unread, field("reason", Plain{why})); }

} // namespace

Auditing::Auditing(boost::asio::io_context& main, const config::Settings& settings, Recording& recording)
    : head_{std::make_unique<store::AuditHead>(settings.state_directory)}, checkpoints_{main}
{
    boost::asio::post(notes_, [] { pthread_setname_np(pthread_self(), "notes"); });
    const auto noted = head_->read();
    std::vector<audit::Head> heads;
    if (noted.sequence > 0) heads.push_back({noted.sequence, noted.hash});
    const auto note = [this](const audit::Head& head) {
        try {
            head_->write({head.sequence, head.hash});
        } catch (const store::StoreError& error) {
            event(Event::store_failed, field("reason", Plain{error.what()}));
        }
        say_head(head);
    };
    const auto key = audit::audit_key(settings.weaken.audit_key_file);
    LastRun last;
    log_ = std::make_unique<audit::FileAuditLog>(
        audit::FileAuditLog::Options{.folder = settings.state_directory / "audit",
                                     .believed = [&recording] { return recording.now(); },
                                     .on_head = note,
                                     .heads_pass = log::takes_kept_lines,
                                     .on_checkpoint = say_checkpoint,
                                     .on_broken = say_broken},
        key, heads, [&last](const audit::Line& entry) { last.see(entry); });
    if (const auto& bad = log_->found().bad) say_broken(*bad);
    if (const auto& why = log_->found().unread) say_unread(why.message());
    recording.begins_at(std::chrono::floor<seconds>(last.believed()));
    record({.who = own_self(), .what = "start", .purpose = "operate"}, "done");
    if (last.left_a_trace())
        record({.who = own_self(),
                .what = "trace end",
                .purpose = "fault",
                .subject = log_->open(last.traced()).value_or("")},
               "ended by restart");
}

void Auditing::start()
{
    expire(); // what a stopped service has missed
    check_.emplace(*log_, an_hour, say_unread);
    every(checkpoints_, an_hour, [this] {
        boost::asio::post(notes_, [this] {
            log_->checkpoint();
            expire();
        });
    });
}

void Auditing::expire()
{
    if (const auto expired = log_->expire(audit::keep_times()); !expired) say_unwritable(expired.error());
}

void Auditing::stop()
{
    notes_.join();
    log_->checkpoint();
}

void Auditing::note(const Report& report)
{
    if (report.what == Occurrence::guessing) return event(Event::guessing, field("account", report.account));
    if (report.what == Occurrence::unannounced)
        return event(Event::route_unannounced, field("route", Plain{report.route}));
    // That there was an emergency call, and over which route: nothing else.
    event(Event::emergency_call, field("route", Plain{report.route}));
    note({.who = own_self(), .what = "emergency call", .purpose = "operate", .scope = "route=" + report.route},
         "carried");
}

void Auditing::note(audit::Action action, const char* result)
{
    if (waiting_.fetch_add(1) >= most_notes) {
        --waiting_;
        if (!lost_.exchange(true))
            event(Event::audit_unwritable,
                  field("reason", Plain{"the disk does not answer, and too much waits to be noted"}));
        return;
    }
    boost::asio::post(notes_, [this, action = std::move(action), result] {
        record(action, result);
        --waiting_;
        lost_ = false;
    });
}

void Auditing::record(const audit::Action& action, const char* result)
{
    if (const auto written = log_->record(action, result); !written) say_unwritable(written.error());
}

void Auditing::say_unwritable(const std::error_code& why)
{
    const auto reason = why.message();
    event(Event::audit_unwritable, field("reason", Plain{reason}));
}

} // namespace sotto::app
