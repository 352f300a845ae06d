// The command line, read into Options. Driven once, by the supervisor, before anything is started.
// The only place that knows CLI11.
#pragma once

#include <string>
#include <variant>

#include "reloadrun/options.hpp"

namespace reloadrun::cli {

/// What the arguments ask for: a run, or a text (help, the version) for stdout. Throws Error
/// (status 2) for whatever is wrong with them.
std::variant<Options, std::string> parse(int argc, const char* const* argv);

}  // namespace reloadrun::cli
