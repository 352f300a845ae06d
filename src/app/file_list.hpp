// The list of --files-from: paths, one a line, byte for byte; empty lines are skipped. Stdin is
// read by the supervisor before anything is started, a FILE also by the reloader's main thread.
#pragma once

#include <string>
#include <vector>

namespace reloadrun::app {

/// The paths that `file` lists. Throws Error (status 2) when it cannot be read, is no regular file,
/// or has a NUL byte, which no path has.
std::vector<std::string> read_file_list(const std::string& file);

/// The paths that stdin lists, read to its end; stdin is /dev/null from then on, here and in
/// whatever is executed. Throws Error (status 2) as above.
std::vector<std::string> take_file_list_from_stdin();

}  // namespace reloadrun::app
