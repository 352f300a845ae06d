// What the watched files looked like at their last look. Plain values: look.hpp keeps them true, on
// the reloader's main thread.
//
// Everything in a Snapshot is a polymorphic container or a plain value, so that it can live in an
// arena (base/arena) and outlive the process: whoever wants that makes the arena the default
// resource. Rules, which cannot, are numbers here: see Rules::number().
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <memory_resource>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
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

using Text = std::pmr::string;

/// Texts of any kind in the order of their bytes.
struct ByText {
  using is_transparent = void;
  bool operator()(std::string_view a, std::string_view b) const { return a < b; }
};

/// A ctime in short: another has another mark, but for one in four billion. 0 is none.
using ChangeMark = std::uint32_t;

/// What is kept of the last look at a file.
///
/// A stamp does not tell of a second write within one tick of the file system's clock, if the size
/// stays. A *racy* one was taken within a tick of the mtime that it has, so that such a write may
/// have come since. The idea and the word are git's, whose index has such entries.
struct Seen {
  Stamp stamp{};
  /// The ctime when the bytes were last read; where nobody reads them: when the stamp or a hint
  /// last told of a write. What else changes it, as chmod does, is left out there.
  ChangeMark changed = 0;
  bool racy = false;
};

struct File {
  Text name;
  Seen seen;
};

/// A file that is watched by its name, whatever the rules say and whether it is there or not.
struct NamedFile {
  Text name;
  bool executable = false;  ///< COMMAND's: its x bit counts
  bool root = false;        ///< when it is a directory, what is below it is watched
  std::optional<Seen> seen{};
  bool new_name = false;  ///< watched only because its name is new in a directory of names
};

/// One directory that is looked at.
struct Directory {
  Text full{};                              ///< absolute, without links: for the rules
  std::pmr::vector<File> files{};           ///< what the rules leave; sorted by name
  std::pmr::vector<Text> subdirectories{};  ///< of those that are looked at; sorted
  std::pmr::vector<NamedFile> named{};

  bool walked = false;    ///< as a root, or below one; otherwise only `named` and `names` count
  bool of_names = false;  ///< a new name in it is a change
  std::pmr::vector<Text> names{};  ///< then: of all its entries; sorted
  bool new_name = false;           ///< ... because it was new itself in such a directory
  bool root = false;               ///< no pattern and no link is in its way
  bool skip_environment = false;   ///< nothing in it counts when it is a virtual environment

  ScopeNumber around = 0;  ///< the rules from outside that it was last looked at with
  ScopeNumber scope = 0;   ///< the rules for its entries
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
  [[nodiscard]] bool covered() const {
    return watch >= 0 && mount.inotify_sees && !elsewhere && !rules_in_doubt;
  }

  /// Whether its next change will show in its stamp, since the last was not just now.
  [[nodiscard]] bool shows_changes() const;
};

/// Every watched file, by directory. A directory's key is its path as --list prints it.
struct Snapshot {
  std::pmr::map<Text, Directory, ByText> directories;
  /// The directories that inotify tells of, by its number.
  std::pmr::map<int, std::pmr::vector<Text>> watched;
  /// The directories that it does not tell of, while it tells of any. A look that has to see them
  /// need not pass by all others.
  std::pmr::set<Text, ByText> uncovered;
  Text turn;               ///< the directory that had the last turn, see Looker::take_turn()
  std::uint64_t pass = 0;  ///< numbers the looks, so that one looks at a directory once

  /// The directory of this path, a new one if there is none.
  Directory& make(std::string_view path) {
    return directories.try_emplace(Text(path)).first->second;
  }

  /// In no order; a file that is named and also found is given once.
  void for_each(const std::function<void(const std::string& path, const Stamp&)>& visit) const;
  [[nodiscard]] std::size_t size() const;
  /// Sorted, each once.
  [[nodiscard]] std::vector<std::string> paths() const;
};

/// Where `name` stands among sorted things that have one, or would.
template <class Things>
auto place_of(Things& things, std::string_view name) {
  return std::lower_bound(things.begin(), things.end(), name,
                          [](const auto& thing, std::string_view n) { return thing.name < n; });
}

/// The directory of a path, and the name in it: "src", "app.py"; ".", "app.py".
std::pair<std::string, std::string> split(const std::string& path);

/// The path of an entry; "." is left out of the paths below it.
std::string below(std::string_view directory, std::string_view name);

struct Change {
  enum class Kind { appeared, vanished, modified } kind = Kind::modified;
  std::string path;
  Stamp before{};  ///< of a file that was there
  Stamp after{};   ///< of a file that is there
  /// It was written to, although the stamps may be the same.
  bool rewritten = false;
};
using Changes = std::vector<Change>;

/// In their order.
std::vector<std::string> paths_of(const Changes& changes);

/// Adds a change to `found`, unless that is null.
void tell(Changes* found, Change::Kind kind, std::string path, const Stamp& before,
          const Stamp& after, bool rewritten = false);

}  // namespace reloadrun::watch
