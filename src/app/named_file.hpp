// A file that the user has named for reloadrun itself to read: an env file, a list of files. Read
// by the supervisor before anything is started and by the reloader's main thread later, so reading
// it never waits for anybody.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace reloadrun::app {

/// All bytes of `file`, a regular file (or a link to one) that `option` has named. Throws Error
/// (status 2) when it cannot be read or is something else, such as a FIFO or a directory.
std::string read_named_file(const std::string& option, const std::string& file);

/// The lines of `text` without their line feeds; a last line without one counts, and an empty text
/// has none. They live as long as `text`.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace reloadrun::app
