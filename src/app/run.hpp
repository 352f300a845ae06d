// Which of reloadrun's processes this is, and what it does then. Driven by main().
#pragma once

#include <string>
#include <vector>

#include "app/settings.hpp"

namespace reloadrun::app {

/// Runs this process as a reloader or as the builder, if a supervisor executed it as one. Otherwise
/// does what `read_options` returns: supervises, lists the watched files, or prints a text. Returns
/// the exit status, to be used with _exit: a thread may still be waiting. Throws Error and
/// std::system_error.
int run(std::vector<std::string> arguments, const ReadOptions& read_options);

}  // namespace reloadrun::app
