// reloadrun's own voice: lines on stderr that begin with [reloadrun], never on stdout.
//
// Rooms speak through spdlog's default logger (spdlog::info and so on). Here it is decided where
// that goes: in the supervisor to stderr, written by a thread of its own, so that a stderr that
// blocks (Ctrl-S, a full pipe) stops nobody; in the reloader through the private socket to the
// supervisor, so that lines stay in order across generations and do not end with a
// reloader. What is not read for long (a thousand lines) is dropped, the oldest first.
#pragma once

#include <functional>
#include <string_view>

#include "base/clock.hpp"
#include "reloadrun/options.hpp"
#include "spdlog/spdlog.h"

namespace reloadrun::log {

/// Whether `fd` is a terminal, and not one that shows escape sequences as letters (TERM=dumb).
bool understands_escapes(int fd);

/// Lines go to stderr by a thread started here: signals must be blocked before.
void to_stderr(Verbosity verbosity, Color color);

/// Lines go to `take`, on the thread that speaks.
void to(std::function<void(spdlog::level::level_enum, std::string_view)> take, Verbosity verbosity);

/// Waits until every line given to stderr so far is written, at most until `until`: what cannot be
/// written by then is given up with the process. Nothing to do for to().
void drain(TimePoint until);

}  // namespace reloadrun::log
