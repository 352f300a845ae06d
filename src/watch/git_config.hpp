// Reads one value from git's configuration files, without git. Driven by watch/repository on the
// thread of whoever asks.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace reloadrun::watch {

/// The last value of `section`.`key` in the text of a configuration file (git-config(1),
/// "CONFIGURATION FILE"); both in lower case, the section without a subsection. nullopt when it is
/// not set there. Files that the text includes are not read.
/// `alone`: the value of a key without '='.
std::optional<std::string> value_in_git_config(std::string_view text, std::string_view section,
                                               std::string_view key, std::string_view alone = "");

}  // namespace reloadrun::watch
