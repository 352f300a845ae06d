// Reading a directory and where a path leads: and which failures say nothing but that a file is not
// there.
#pragma once

#include <memory_resource>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.hpp"
#include "watch/pause.hpp"

namespace reloadrun::watch {

struct Listed {
  std::pmr::string name;
  unsigned char type = 0;  ///< DT_DIR, DT_REG, DT_LNK ...; never DT_UNKNOWN
};

/// Whether there is such an entry, be it a link that leads nowhere.
bool exists(const std::string& path);

/// Absolute and without links; empty when it leads nowhere.
std::string canonical(const std::string& path);

/// A directory's descriptor; empty when it is not there or may not be read, errno says why.
/// `follow`: the last part of the path may be a link. Throws std::system_error for any other
/// failure.
Fd open_directory(const std::string& path, bool follow);

/// Every entry of this directory but "." and "..", sorted by name. Throws std::system_error.
std::vector<Listed> list_directory(const Fd& directory, const std::string& path,
                                   Pause* pause = nullptr);

/// A file that is not there, may not be read or loops is left out. Throws std::system_error for any
/// other errno: it says nothing about the file, and to take it for vanished would restart for
/// nothing.
void require_that_file_is_to_blame(std::string_view path);

}  // namespace reloadrun::watch
