// Looking at the files: stat() decides what has changed, and keeps the snapshot true. Driven by the
// reloader's main thread, or by whoever wants to know once.
//
// There are four ways to look, and one truth: at everything; at what a hint names; at what inotify
// does not cover; and in turns, at a bounded part of what it does. A directory is watched
// first, then listed, then compared, so that nothing falls between. One that has not been touched
// since it was listed is not listed again.
//
// look.cpp has the ways to look, look_directory.cpp what is done with one directory, look_entry.cpp
// with one entry of it, look_outside.cpp what is watched outside of the roots by and by.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "watch/hints.hpp"
#include "watch/listing.hpp"
#include "watch/pause.hpp"
#include "watch/rules.hpp"
#include "watch/snapshot.hpp"
#include "watch/stamps.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::watch {

/// What cannot be seen (vanished meanwhile, unreadable, a loop of links) counts as not there. Links
/// are followed when they lead to files, and to directories when the link itself is a root. Every
/// look throws std::system_error when it cannot be trusted as a whole (no descriptor left, an I/O
/// error); what it has found until then stands. So it does when a look at what is not covered is
/// over before its end: the rest is looked at by the next.
class Looker {
 public:
  struct How {
    bool content = false;    ///< hash the bytes of files, see Stamp::content
    Hints* hints = nullptr;  ///< watch the directories by these; the caller's
    Pause* pause = nullptr;  ///< attend there to what must not wait; the caller's
    /// Since when a file that the rules bring into view must be as it was, to be no change.
    ChangeTime begun = change_time_now();
  };

  /// `watched`, `rules` and `snapshot` stay the caller's and outlive the Looker. The snapshot is
  /// empty, or of a Looker that had the same, rules with the same numbers and hints that go on.
  Looker(const WatchSet& watched, Rules& rules, Snapshot& snapshot, How how);

  /// Looks at everything. What differs from the snapshot is added to `found`, unless that is null.
  void look_at_everything(Changes* found);

  /// Looks at what inotify does not cover, all of it unless the pause says that it is over.
  void look_at_uncovered(Changes* found);

  /// Looks at what it covers for `budget` of processor time, going on where the last turn ended.
  /// What a turn takes beyond it is saved by later ones.
  void take_turn(Duration budget, Changes* found);

  /// Looks where these hints lead.
  void follow(const std::vector<Hint>& hints, Changes* found);

  /// Looks again at one file of the snapshot, or at one that was there; with all that is new around
  /// it, when its directory is.
  void look_at(const std::string& path, Changes* found);

  /// Watches one more file by its name, which was `before` (nullopt: not there) as far as anybody
  /// knows, and looks at it. One that is watched by name already stays as it is known. Returns
  /// whether it is new.
  bool watch_file(const std::string& path, const std::optional<Stamp>& before, Changes* found);

  /// Watches the names in a directory outside of the roots: a new one is a change, unless
  /// Rules::ignores_outside() says no. `full`: its path, absolute and without links. `before`: what
  /// it was at `moment`, nullopt for not there; what has changed in it since may be new. Returns
  /// whether that is new.
  bool watch_names(const std::string& path, const std::string& full,
                   const std::optional<struct stat>& before, const ChangeTime& moment,
                   Changes* found);

  /// What new names have brought was a change once, and is not watched any more.
  void let_go_of_new_names();

  /// Looks again at the directories with an ignore file that was being written.
  void look_at_half_written_rules(Changes* found);

  /// Lets the next look at everything ask for the rules again that come from outside a directory.
  void doubt_rules();

  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }

  /// Until when a file that no hint would tell of may be written once more and look the same as at
  /// its last look.
  [[nodiscard]] TimePoint tick_over_at() const { return tick_over_at_; }

  /// Lines for the user, since the last call.
  Warnings take_warnings() { return std::exchange(warnings_, {}); }

 private:
  /// A directory to look at.
  struct Task {
    std::string path;
    std::string full{};
    ScopeNumber around = 0;
    bool walk = true;  ///< otherwise only the files that are watched by name count
    bool root = false;
    bool by_rules = false;  ///< the rules have brought it into view: nothing in it has appeared
    bool anew = false;      ///< it may be another directory, of the same inode even
    bool skip_environment = false;  ///< leave it out when it is a virtual environment
  };
  /// What is known of one directory while it is looked at.
  struct Sight {
    const Task& task;
    const Fd& fd;
    Directory& directory;
    bool rules_changed = false;
    ScopeNumber old_scope = 0;  ///< what they were then
    bool was_left_out = false;
    Changes* found = nullptr;
    bool written = false;  ///< the one entry that is looked at was written to since the last look
  };

  // The ways to look.
  void add_named(const std::string& path, bool executable, bool root);
  void look_at_root(const std::string& root, bool anew, Changes* found);
  void look_at_node(const std::string& path, Changes* found);
  [[nodiscard]] bool is_another(const std::string& root) const;
  void visit(Task task, Changes* found);

  // One directory.
  void look_at_directory(const Task& task, Changes* found);
  void cannot_open(const Task& task, Changes* found);
  bool identify(const Task& task, const Fd& fd, Directory& directory);
  bool refresh_scope(const Sight& sight, const std::vector<Listed>* listed);
  void take_listing(const Sight& sight, const std::vector<Listed>& listed);
  bool add_listed_file(const Sight& sight, const Listed& entry, std::pmr::vector<File>& files);
  bool was_ignored(const Sight& sight, const Text& name, bool is_directory);
  bool is_ignored_now(const Sight& sight, const Text& name, bool is_directory);
  void replace_files(const Sight& sight, std::pmr::vector<File> files,
                     const std::vector<Listed>& listed);
  void replace_subdirectories(const Sight& sight, std::pmr::vector<Text> names,
                              const std::vector<Listed>& listed);
  void recheck_files(const Sight& sight);
  void look_at_named(const std::string& path, Directory& directory, bool anew, Changes* found);
  void look_at_named_file(const std::string& directory_path, Directory& directory, NamedFile& file,
                          Hint::Kind kind, Changes* found);
  void look_at_entry(const std::string& path, const Text& name, Hint::Kind kind, Changes* found);
  void look_at_subdirectory(const Sight& sight, const Text& name, bool anew);
  Directory& meet(const std::string& path, const std::string& full, Changes* found);
  void look_at_names(const std::string& path, Directory& directory, const Fd& fd, Changes* found);
  void look_at_name(const std::string& path, Directory& directory, const Text& name,
                    Changes* found);
  void take_new_directory(const std::string& path, const std::string& full, Changes* found);
  void take_new_name(const std::string& path, Directory& directory, const Text& name,
                     Changes* found);
  Task task_of(const Sight& sight, const Text& name);
  void update_file(const Sight& sight, const Text& name, bool wanted);
  std::optional<Stamps::Taken> stamp_of(const Sight& sight, const Text& name, const Seen* known);
  void note_tick(const Directory& directory, const Stamps::Taken& taken);
  const std::string& full_of(const Directory& directory, const Text& name);
  [[nodiscard]] bool is_ignored(ScopeNumber scope, const Directory& directory, const Text& name,
                                bool is_directory);
  [[nodiscard]] bool wants_file(const Directory& directory, const Text& name);

  void forget(const std::string& path, Changes* found);
  void unwatch(const std::string& path, Directory& directory);
  void note_coverage(const std::string& path, const Directory& directory);
  void note_elsewhere(const std::string& path, Directory& directory);

  const WatchSet& watched_;
  Rules& rules_;
  const How how_;
  Stamps stamps_;
  Snapshot& snapshot_;
  std::vector<std::string> bare_roots_;  // without a name that a parent could tell of: "..", "/"
  std::vector<Task> to_do_;
  bool watches_in_doubt_ = false;  // inotify may have let go of some
  TimePoint tick_over_at_{};
  Duration credit_{0};  // of processor time for turns; less than zero after a long one
  std::set<std::string> unreadable_;  // told of
  bool told_of_depth_ = false;
  Warnings warnings_;
  std::string full_;  // scratch
};

}  // namespace reloadrun::watch
