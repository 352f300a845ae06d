// What the watched files looked like at their last look. Plain values: look.hpp keeps them true, on
// the reloader's main thread.
#pragma once

#include <sys/types.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "watch/mount.hpp"
#include "watch/rules.hpp"

namespace reloadrun::watch {

/// What tells one state of a file from another without reading it.
struct Stamp {
  std::int64_t mtime_seconds =
      0;  ///< since 1970; may be negative, and beyond what nanoseconds hold
  std::uint64_t size = 0;
  std::uint64_t inode = 0;    ///< 0 where it is no identity
  std::uint64_t content = 0;  ///< with --content: a hash of the bytes; 0 when they are not known
  std::int32_t mtime_nanoseconds = 0;
  /// COMMAND's executable alone: whether an x bit is set. Always false for other files.
  bool runnable = false;

  friend bool operator==(const Stamp&, const Stamp&) = default;
};

/// The last time that anything about a file or a directory was changed (ctime): nobody's to set.
struct ChangeTime {
  std::int64_t seconds = 0;
  std::int64_t nanoseconds = 0;

  friend auto operator<=>(const ChangeTime&, const ChangeTime&) = default;
};

/// Whether a file has changed from one stamp to the other. Taking an x bit away is no change; where
/// the bytes of both are known, nothing else counts but an x bit that was given.
bool differs(const Stamp& before, const Stamp& after);

struct File {
  std::string name;
  Stamp stamp;
};

/// A file that is watched by its name, whatever the rules say and whether it is there or not.
struct NamedFile {
  std::string name;
  bool executable = false;  ///< COMMAND's: its x bit counts
  bool root = false;        ///< when it is a directory, what is below it is watched
  std::optional<Stamp> stamp{};
};

/// One directory that is looked at.
struct Directory {
  std::string full{};                         ///< absolute, without links: for the rules
  std::vector<File> files{};                  ///< what the rules leave; sorted by name
  std::vector<std::string> subdirectories{};  ///< of those that are looked at; sorted
  std::vector<NamedFile> named{};

  bool walked = false;            ///< as a root, or below one; otherwise only `named` counts
  bool root = false;              ///< no pattern and no link is in its way
  bool skip_environment = false;  ///< nothing in it counts when it is a virtual environment

  ScopePtr around{};  ///< the rules from outside that it was last looked at with
  ScopePtr scope{};   ///< the rules for its entries
  std::array<RuleFileState, ignore_file_names.size()> ignore_files{};  ///< as they were read
  bool repository_top = false;
  bool left_out = false;        ///< it is a virtual environment
  bool rules_in_doubt = false;  ///< they depend on files that have changed, or are being written

  dev_t device = 0;
  Stamp own{};  ///< the directory's
  ChangeTime changed{};
  Mount mount{};
  int watch = -1;             ///< inotify's number for it; -1: none
  bool elsewhere = false;     ///< has links, or files with other names: changes pass inotify by
  bool listing_sure = false;  ///< its entries are the same for as long as it is unchanged
  std::uint64_t pass = 0;     ///< the number of the last look at it

  /// Whether inotify tells of whatever changes here.
  [[nodiscard]] bool covered() const { return watch >= 0 && mount.inotify_sees && !elsewhere; }
};

/// Every watched file, by directory. A directory's key is its path as --list prints it.
struct Snapshot {
  std::map<std::string, Directory> directories;

  /// In no order; a file that is named and also found is given once.
  void for_each(const std::function<void(const std::string& path, const Stamp&)>& visit) const;
  [[nodiscard]] std::size_t size() const;
  /// Sorted, each once.
  [[nodiscard]] std::vector<std::string> paths() const;
};

/// The path of an entry; "." is left out of the paths below it.
std::string below(const std::string& directory, const std::string& name);

struct Change {
  enum class Kind { appeared, vanished, modified } kind = Kind::modified;
  std::string path;
  Stamp before{};  ///< of a file that was there
  Stamp after{};   ///< of a file that is there
};
using Changes = std::vector<Change>;

}  // namespace reloadrun::watch
