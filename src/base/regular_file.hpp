// Reads a file that somebody else has written: whole, or not at all; and whoever it was, and
// whatever lies at its path by now, nobody waits for it and memory holds it. What is no regular
// file is not even opened, since a device may do something then. Any thread.
#pragma once

#include <sys/stat.h>

#include <cstddef>
#include <string>

namespace reloadrun {

/// More than any file of rules or settings has.
inline constexpr std::size_t most_text_bytes = std::size_t{16} << 20U;

struct RegularFile {
  enum class Fault { none, unreadable, not_regular, too_large } fault = Fault::none;
  int error = 0;          ///< errno, of one that is unreadable; ENOENT: there is none
  struct stat status {};  ///< before it was read; what was found, if it was opened or is no file
  std::string content{};  ///< without a fault

  explicit operator bool() const { return fault == Fault::none; }
};

/// `name` in the directory `directory` (AT_FDCWD: of the path `name`). `flags`: O_NOFOLLOW, or 0.
RegularFile read_regular_file(int directory, const std::string& name, std::size_t most_bytes,
                              int flags = 0);

/// Why there is no content, for the user's eyes: "no regular file", "larger than 16 MiB", or what
/// the system says.
std::string why_not(const RegularFile& file, std::size_t most_bytes);

}  // namespace reloadrun
