// Looking at the files: stat() decides what has changed, and keeps the snapshot true. Driven by the
// reloader's main thread, or by whoever wants to know once.
//
// There are three ways to look, and one truth: at everything; at what a hint names; and in turns,
// which is at what inotify does not cover and at a bounded part of the rest. A directory is watched
// first, then listed, then compared, so that nothing falls between. One that has not been touched
// since it was listed is not listed again.
//
// look.cpp has the ways to look, look_directory.cpp what is done with one directory.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/fd.hpp"
#include "watch/hints.hpp"
#include "watch/listing.hpp"
#include "watch/rules.hpp"
#include "watch/snapshot.hpp"
#include "watch/stamps.hpp"
#include "watch/watch_set.hpp"

namespace reloadrun::watch {

/// What cannot be seen (vanished meanwhile, unreadable, a loop of links) counts as not there. Links
/// are followed when they lead to files, and to directories when the link itself is a root. Every
/// look throws std::system_error when it cannot be trusted as a whole (no descriptor left, an I/O
/// error); what it has found until then stands.
class Looker {
 public:
  struct How {
    bool content = false;    ///< hash the bytes of files, see Stamp::content
    Hints* hints = nullptr;  ///< watch the directories by these; the caller's
    /// Since when a file that the rules bring into view must be as it was, to be no change.
    ChangeTime begun = change_time_now();
  };

  /// `watched` and `rules` stay the caller's and outlive the Looker.
  Looker(const WatchSet& watched, Rules& rules, How how);

  /// Looks at everything. What differs from the snapshot is added to `found`, unless that is null.
  void look_at_everything(Changes* found);

  /// Looks at what inotify does not cover; and at the rest for `budget` of processor time, going on
  /// where the last turn ended. What a turn takes beyond it is saved by later ones.
  void take_turn(Duration budget, Changes* found);

  /// Looks where these hints lead.
  void follow(const std::vector<Hint>& hints, Changes* found);

  /// Looks again at one file of the snapshot, or at one that was there.
  void look_at(const std::string& path, Changes* found);

  /// Looks again at the directories with an ignore file that was being written.
  void look_at_half_written_rules(Changes* found);

  /// Lets the next look at everything ask for the rules again that come from outside a directory.
  void doubt_rules();

  [[nodiscard]] const Snapshot& snapshot() const { return snapshot_; }

  /// Lines for the user, since the last call.
  Warnings take_warnings() { return std::exchange(warnings_, {}); }

 private:
  /// A directory to look at.
  struct Task {
    std::string path;
    std::string full{};
    ScopePtr around{};
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
    ScopePtr old_scope{};  ///< what they were then
    bool was_left_out = false;
    Changes* found;
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
  bool add_listed_file(const Sight& sight, const Listed& entry, std::vector<File>& files);
  bool was_ignored(const Sight& sight, const std::string& name, bool is_directory);
  bool is_ignored_now(const Sight& sight, const std::string& name, bool is_directory);
  void replace_files(const Sight& sight, std::vector<File> files,
                     const std::vector<Listed>& listed);
  void replace_subdirectories(const Sight& sight, std::vector<std::string> names,
                              const std::vector<Listed>& listed);
  void recheck_files(const Sight& sight);
  void look_at_named(const std::string& path, Directory& directory, bool anew, Changes* found);
  void look_at_named_file(const std::string& directory_path, Directory& directory, NamedFile& file,
                          bool anew, Changes* found);
  void look_at_entry(const std::string& path, const std::string& name, bool anew, Changes* found);
  void look_at_subdirectory(const Sight& sight, const std::string& name, bool anew);
  Task task_of(const Sight& sight, const std::string& name);
  void update_file(const Sight& sight, const std::string& name, bool wanted);
  std::optional<Stamp> stamp_of(const Sight& sight, const std::string& name, const Stamp* known);
  const std::string& full_of(const Directory& directory, const std::string& name);
  [[nodiscard]] bool is_ignored(const ScopePtr& scope, const Directory& directory,
                                const std::string& name, bool is_directory);
  [[nodiscard]] bool wants_file(const Directory& directory, const std::string& name);

  void forget(const std::string& path, Changes* found);
  void unwatch(const std::string& path, Directory& directory);

  const WatchSet& watched_;
  Rules& rules_;
  const How how_;
  Stamps stamps_;
  Snapshot snapshot_;
  std::vector<std::string> bare_roots_;  // without a name that a parent could tell of: "..", "/"
  std::unordered_map<int, std::vector<std::string>> watched_paths_;  // by inotify's number
  std::vector<Task> to_do_;
  bool watches_in_doubt_ = false;  // inotify may have let go of some
  std::uint64_t pass_ = 0;         // numbers the looks, so that one looks at a directory once
  std::string turn_;               // the directory that had the last turn
  Duration credit_{0};             // of processor time for turns; less than zero after a long one
  std::set<std::string> unreadable_;  // told of
  Warnings warnings_;
  std::string full_;  // scratch
};

}  // namespace reloadrun::watch
