// Under which names a file is known that a look calls by its path. Any thread.
#pragma once

#include <string>
#include <vector>

namespace reloadrun::app {

/// Its own without links before it, and what it leads to if it is a link: absolute. Also for a file
/// that has gone, with its directory even.
std::vector<std::string> names_of(const std::string& path);

}  // namespace reloadrun::app
