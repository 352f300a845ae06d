// Why a file is watched or not, in words: what --explain prints. Asks the same rules as look();
// driven by app, before anything is started.
#pragma once

#include <string>

#include "watch/rules.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::watch {

/// One line that says whether `path` (relative to the working directory, or absolute) is watched
/// and by which rule, with the file and line of the pattern that decides; further lines name what
/// is wrong with ignore files on the way. A path that does not exist is explained as the file that
/// it would be. No newline at the end.
std::string explain(const std::string& path, const WatchSet& watched, Rules& rules);

/// Where a pattern stands, in the user's words: "line 3 of .gitignore", "--ignore", "default
/// ignores: vim: swap file".
std::string place_of(const Pattern& pattern, const Patterns& patterns);

}  // namespace reloadrun::watch
