// A file that the user has named for reloadrun itself to read: the configuration file, an env file,
// a list of files. Read by the supervisor before each start, by the builder before each build, and
// by the reloader's main thread, so reading it never waits for anybody.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/regular_file.hpp"

namespace reloadrun::app {

/// All bytes of `file`, a regular file (or a link to one) that `option` has named. Throws Error
/// (status 2) when it cannot be read, has more than `most_bytes` or is something else, such as a
/// FIFO or a directory.
std::string read_named_file(const std::string& option, const std::string& file,
                            std::size_t most_bytes = most_text_bytes);

/// The same of a configuration file, which may have 16 KiB.
std::string read_config_file(const std::string& option, const std::string& file);

/// The lines of `text` without their line feeds; a last line without one counts, and an empty text
/// has none. They live as long as `text`.
std::vector<std::string_view> lines_of(std::string_view text);

}  // namespace reloadrun::app
