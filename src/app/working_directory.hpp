// The working directory, which may be removed and made again while reloadrun runs (git checkout
// does it): its name counts. Called on the main thread of each of reloadrun's processes.
#pragma once

#include <string>

namespace reloadrun::app {

/// Its path; empty when it was removed.
std::string working_directory();

/// Goes to what `directory` means now, when the working directory was removed. Returns whether it
/// has gone there, which the reloader tells the user.
bool return_to_directory(const std::string& directory);

}  // namespace reloadrun::app
