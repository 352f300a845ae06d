// Under which names a file is known that a look calls by its path, and by what else. Any thread.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/file_key.hpp"

namespace reloadrun::app {

/// Its own without links before it, and what it leads to if it is a link: absolute. Also for a file
/// that has gone, with its directory even.
std::vector<std::string> names_of(const std::string& path);

/// What files are known by at one moment: what is around them is looked at once.
class FileKeys {
 public:
  /// The file's own, if it is there; its name's in its directory, and that of each directory around
  /// it, as far as they are there. `name`: as names_of() gives it.
  std::vector<FileKey> of(const std::string& name);

 private:
  std::optional<FileKey> entry(const std::string& path);

  struct Directory {
    bool there = false;
    struct statx status {};
  };
  std::map<std::string, Directory> directories_;
};

}  // namespace reloadrun::app
