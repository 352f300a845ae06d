// reloadrun's own voice: lines on stderr that begin with [reloadrun], never on stdout.
//
// Rooms speak by log::info() and its like. Here it is made printable, and decided where that goes:
// in the supervisor to stderr, written by a thread of its own, so that a stderr that blocks
// (Ctrl-S, a full pipe) stops nobody; in the reloader and the builder through the private socket to
// the supervisor, so that lines stay in order across generations and do not end with a reloader.
// What is not read for long (a thousand lines) is dropped, the oldest first.
#pragma once

#include <functional>
#include <string_view>
#include <utility>

#include "base/clock.hpp"
#include "base/format.hpp"
#include "reloadrun/options.hpp"

namespace reloadrun::log {

enum class Level { debug, info, warn, error };

/// Whether a line of this level goes anywhere: not before to_stderr() or to().
bool is_heard(Level level);
/// A line without its end; what is in it of others' text is made printable().
void say(Level level, std::string_view line);

template <class... Args>
void say(Level level, fmt::format_string<Args...> format, Args&&... args) {
  if (is_heard(level))
    say(level, std::string_view(fmt::format(format, std::forward<Args>(args)...)));
}
template <class... Args>
void debug(fmt::format_string<Args...> format, Args&&... args) {
  say(Level::debug, format, std::forward<Args>(args)...);
}
template <class... Args>
void info(fmt::format_string<Args...> format, Args&&... args) {
  say(Level::info, format, std::forward<Args>(args)...);
}
template <class... Args>
void warn(fmt::format_string<Args...> format, Args&&... args) {
  say(Level::warn, format, std::forward<Args>(args)...);
}
template <class... Args>
void error(fmt::format_string<Args...> format, Args&&... args) {
  say(Level::error, format, std::forward<Args>(args)...);
}

/// Whether `fd` is a terminal, and not one that shows escape sequences as letters (TERM=dumb).
bool understands_escapes(int fd);

/// Lines go to stderr by a thread that the first call starts: signals must be blocked before.
void to_stderr(Verbosity verbosity, Color color);

/// Lines go to `take`, on the thread that speaks.
void to(std::function<void(Level, std::string_view)> take, Verbosity verbosity);

/// Waits until every line given to stderr so far is written, at most until `until`: what cannot be
/// written by then is given up with the process. Nothing to do for to().
void drain(TimePoint until);

}  // namespace reloadrun::log
