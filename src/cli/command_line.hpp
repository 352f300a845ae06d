// The command line and its configuration file, read into Options. Driven by the supervisor before
// anything is started, and again when the file has changed; then by the builder, too.
#pragma once

#include <functional>
#include <string>
#include <variant>

#include "reloadrun/options.hpp"

namespace reloadrun::cli {

/// Reads a file that an option has named. Throws Error (status 2) when it cannot be read.
using ReadFile = std::function<std::string(const std::string& option, const std::string& file)>;

/// The file that is read where no option names another; none has to be there.
inline constexpr auto default_config_file = "reloadrun.toml";

/// What the arguments ask for, with defaults from the configuration file that `read_file` reads: a
/// run, or a text (help, the version) for stdout. Throws Error (status 2) for whatever is wrong
/// with them.
std::variant<Options, std::string> parse(int argc, const char* const* argv,
                                         const ReadFile& read_file);

}  // namespace reloadrun::cli
