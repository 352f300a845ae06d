// What the watched files looked like at one look, and what differs between two looks.
// Plain values; made by look(), compared on the reloader's main thread.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace reloadrun::watch {

/// What tells one state of a file from another without reading it.
struct Stamp {
  std::int64_t mtime_seconds =
      0;  ///< since 1970; may be negative, and beyond what nanoseconds hold
  std::int64_t mtime_nanoseconds = 0;
  std::uint64_t size = 0;
  std::uint64_t inode = 0;
  /// COMMAND's executable alone: whether an x bit is set. Always false for other files.
  bool runnable = false;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

struct Entry {
  std::string path;  ///< as --list prints it
  Stamp stamp;
};

/// Sorted by path, each path once.
using Snapshot = std::vector<Entry>;

struct Change {
  enum class Kind { appeared, vanished, modified } kind;
  std::string path;
  Stamp before;  ///< of a file that was there
  Stamp after;   ///< of a file that is there
};

/// Everything that a file's stamps tell apart, in the order of paths. Taking an x bit away is no
/// change; giving one is.
std::vector<Change> changes(const Snapshot& before, const Snapshot& after);

}  // namespace reloadrun::watch
