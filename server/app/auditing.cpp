#include "app/auditing.hpp"

#include "app/every.hpp"
#include "audit/audit_key.hpp"
#include "audit/retention.hpp"
#include "log/log.hpp"
#include "store/store_error.hpp"

#include <unistd.h>

namespace sotto::app {
namespace {

using log::Event;
using log::event;
using log::field;
using log::Plain;

constexpr milliseconds checkpoint_period{3600 * 1000};

void say_head(const audit::Head& head)
{
    const auto hash = audit::hex(head.hash);
    event(Event::audit_head, field("sequence", head.sequence), field("hash", Plain{hash}));
}

void say_checkpoint(const audit::Head& head, const audit::Signature& bytes)
{
    const auto hash = audit::hex(head.hash);
    const auto signature = audit::hex(bytes);
    event(Event::audit_checkpoint, field("sequence", head.sequence), field("hash", Plain{hash}),
          field("signature", Plain{signature}));
}

} // namespace

Auditing::Auditing(boost::asio::io_context& main, const config::Settings& settings)
    : head_{std::make_unique<store::AuditHead>(settings.state_directory)}, checkpoints_{main}
{
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
    log_ = std::make_unique<audit::FileAuditLog>(
        audit::FileAuditLog::Options{
            .folder = settings.state_directory / "audit", .on_head = note, .on_checkpoint = say_checkpoint},
        key, heads);
    if (const auto& bad = log_->found().bad)
        event(Event::audit_broken, field("sequence", bad->sequence), field("reason", Plain{bad->why}));
    const audit::Action start{.who = {::geteuid(), "sottod"}, .what = "start", .purpose = "operate"};
    if (const auto written = log_->record(start, "done"); !written) say_unwritable(written.error());
}

void Auditing::start()
{
    every(checkpoints_, checkpoint_period, [this] {
        log_->checkpoint();
        if (const auto expired = log_->expire(audit::keep_times()); !expired) say_unwritable(expired.error());
    });
}

void Auditing::note(const Report& report)
{
    if (report.what == Occurrence::guessing) return event(Event::guessing, field("account", report.account));
    if (report.what == Occurrence::unannounced)
        return event(Event::route_unannounced, field("route", Plain{report.route}));
    // That there was an emergency call, and over which route: nothing else.
    event(Event::emergency_call, field("route", Plain{report.route}));
    const audit::Action call{.who = {::geteuid(), "sottod"},
                             .what = "emergency call",
                             .purpose = "operate",
                             .scope = "route=" + report.route};
    if (const auto written = log_->record(call, "carried"); !written) say_unwritable(written.error());
}

void Auditing::say_unwritable(const std::error_code& why)
{
    const auto reason = why.message();
    event(Event::audit_unwritable, field("reason", Plain{reason}));
}

} // namespace sotto::app
