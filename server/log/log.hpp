#pragma once
#include "core/types/private.hpp"
#include "log/events.hpp"
#include "log/private_format.hpp"
#include "log/pseudonym.hpp"

#include <fmt/format.h>

#include <concepts>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace sotto::log {

enum class Target : std::uint8_t { journal, stderr_ };

struct Options {
    Target target{Target::stderr_};
    Level level{Level::info};
    /// Gets each line as it would stand on a terminal, on the log's own thread. For tests.
    std::function<void(std::string_view line)> tap{};
};

/// Starts the log's own threads: from here on `event` only puts a line into a bounded queue, from which the oldest fall
/// out when the target cannot keep up. Events that are written at every level (EventRow::always) have a queue apart:
/// whoever asks `takes_kept_lines` before each action that writes some loses none. Without it, events are written to
/// stderr at once. Block the signals that another thread shall get before the call.
void start(Options options);
/// Writes what waits, as far as the target takes it, and ends the threads.
void stop();
/// False where `Target::journal` comes down to stderr.
[[nodiscard]] bool there_is_a_journal();
/// May be called from any thread.
void set_level(Level level);
[[nodiscard]] bool enabled(Level level);
/// False while the target refuses a line of EventRow::always, which is put again until it is taken, or many of them
/// wait for it: it hangs. Nobody waits with them.
[[nodiscard]] bool takes_kept_lines();
/// How many lines fell out of the queues, or were refused by the target, since the start.
[[nodiscard]] std::uint64_t lines_lost();

/// Text that is about this server and never about a person: a sentence about the configuration, a path, an address of
/// ours, an error of the operating system. Writing the word is the promise.
struct Plain {
    std::string_view text;
};

/// A declared name of a field; another does not compile.
class FieldName {
public:
    consteval FieldName(const char* name) : name_{name} // NOLINT: a literal is meant to convert
    {
        for (const auto& row : declared_fields)
            if (row.name == name_) return;
        throw "this field is not declared in events.hpp";
    }
    [[nodiscard]] std::string_view text() const { return name_; }

private:
    std::string_view name_;
};

/// What may stand in a field: numbers, literals, text that was promised to be about nobody, and personal values, which
/// come out as pseudonyms. A bare string does not compile.
template <class T> inline constexpr bool is_private = false;
template <class T> inline constexpr bool is_private<Private<T>> = true;
template <class T>
concept Loggable = std::integral<T> || std::floating_point<T> || std::same_as<T, Plain> || is_private<T>;

struct Field {
    std::string_view name;
    std::string value;
};

/// Lives as long as the call of `event` that it stands in.
template <Loggable T> struct Pending {
    FieldName name;
    std::conditional_t<is_private<T>, const T&, T> value;
};
template <Loggable T> Pending<T> field(FieldName name, const T& value) { return {name, value}; }
template <std::size_t n> Pending<Plain> field(FieldName name, const char (&literal)[n])
{
    return {name, Plain{std::string_view{literal, n - 1}}};
}

/// Puts an event into the log. May be called from any thread; never blocks on the target.
void write(const EventRow& row, std::span<const Field> fields);

template <class T> Field formatted(const Pending<T>& pending)
{
    if constexpr (std::same_as<T, Plain>)
        return {pending.name.text(), std::string{pending.value.text}};
    else
        return {pending.name.text(), fmt::format("{}", pending.value)};
}

/// `event(Event::ready, field("domains", 1), field("account", Private{address}))`. Costs a comparison when its level is
/// not written.
template <class... T> void event(Event what, const Pending<T>&... pending)
{
    const auto& row = row_of(what);
    if (!row.always && !enabled(row.level)) return;
    if constexpr (sizeof...(T) == 0) {
        write(row, {});
    } else {
        const Field all[]{formatted(pending)...};
        write(row, all);
    }
}

/// See Pseudonyms: today's key passes to the next process, and is destroyed when its day is over.
void hand_on_day_key(const std::optional<DayKey>& before, Pseudonyms::HandOn tell);
/// Call it at least each minute.
void end_day();

} // namespace sotto::log
