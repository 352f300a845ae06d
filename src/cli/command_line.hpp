// The command line, read into Options. Driven once, by the supervisor, before anything is started.
// The only place that knows CLI11.
#pragma once

#include <optional>

#include "reloadrun/options.hpp"

namespace reloadrun::cli {

/// What the arguments ask for. nullopt when they asked for help or the version, which has been
/// printed on stdout then. Throws Error (status 2) for whatever is wrong with them.
std::optional<Options> parse(int argc, const char* const* argv);

}  // namespace reloadrun::cli
