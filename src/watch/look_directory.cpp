// Looking at one directory: see look.hpp.
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstring>
#include <optional>
#include <utility>

#include "base/format.hpp"
#include "watch/look.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::watch {
namespace {

/// `listed` is sorted.
bool has(const std::vector<Listed>& listed, std::string_view name) {
  const auto place = place_of(listed, name);
  return place != listed.end() && place->name == name;
}

}  // namespace

void Looker::look_at_directory(const Task& task, Changes* found) {
  const auto known = snapshot_.directories.find(task.path);
  const bool is_root = task.root || (known != snapshot_.directories.end() && known->second.root);
  const Fd fd = open_directory(task.path, is_root || !task.walk);
  if (!fd) return cannot_open(task, found);
  Directory& directory = snapshot_.make(task.path);
  directory.pass = snapshot_.pass;
  directory.root = is_root;
  directory.skip_environment = task.skip_environment && !is_root;
  const bool touched = identify(task, fd, directory);
  if (touched) directory.listing_sure = false;  // until it is listed, which may fail
  if (task.walk) {
    Sight sight{task, fd, directory, false, directory.scope, directory.left_out, found};
    std::optional<std::vector<Listed>> listed;
    if (touched || !directory.listing_sure) listed = list_directory(fd, task.path, how_.pause);
    sight.rules_changed = refresh_scope(sight, listed ? &*listed : nullptr) && directory.walked;
    if (sight.rules_changed) directory.listing_sure = false;
    if (sight.rules_changed && !listed) listed = list_directory(fd, task.path, how_.pause);
    directory.walked = true;
    listed ? take_listing(sight, *listed) : recheck_files(sight);
  } else if (directory.of_names && !directory.listing_sure) {
    look_at_names(task.path, directory, fd, found);
  }
  look_at_named(task.path, directory, task.anew, found);
  note_coverage(task.path, directory);
}

void Looker::cannot_open(const Task& task, Changes* found) {
  const bool closed = errno == EACCES && task.walk;
  if (closed && unreadable_.insert(task.path).second) {
    warnings_.push_back(fmt::format("cannot look into '{}' ({}): nothing in it is watched",
                                    task.path, std::strerror(EACCES)));
  }
  if (errno == ENAMETOOLONG && !std::exchange(told_of_depth_, true)) {
    constexpr std::size_t shown = 100;
    warnings_.push_back(
        fmt::format("'{}...' goes deeper than a path of {} bytes: nothing in it is "
                    "watched",
                    task.path.substr(0, shown), PATH_MAX - 1));
  }
  forget(task.path, found);
  if (closed) {  // still known, so that it is tried again: no time tells of a right that is given
    Directory& directory = snapshot_.make(task.path);
    directory.walked = true;
    directory.root = task.root;
    directory.full = task.full;
    directory.around = task.around;
    directory.skip_environment = task.skip_environment;
  }
  const auto known = snapshot_.directories.find(task.path);
  if (known == snapshot_.directories.end()) return;
  unwatch(task.path, known->second);
  known->second.names.clear();
  known->second.listing_sure = false;
  look_at_named(task.path, known->second, false, found);
  note_coverage(task.path, known->second);
}

/// Notes which directory it is, and watches it. Returns whether its entries may be others than when
/// it was listed.
bool Looker::identify(const Task& task, const Fd& fd, Directory& directory) {
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) throw_errno(task.path.c_str());
  Stamp own = plain_stamp(status);
  own.size = 0;
  const bool another = task.anew || std::string_view(directory.full) != task.full ||
                       directory.device != status.st_dev || directory.own.inode != own.inode;
  if (another) {
    unwatch(task.path, directory);
    directory.full = task.full;
    directory.device = status.st_dev;
    directory.mount = mount_of(fd.get());
  }
  bool watched_anew = false;
  if (how_.hints != nullptr && (directory.watch < 0 || watches_in_doubt_)) {
    const int watch = how_.hints->add(fd.get());  // of a watch that is still there: the same number
    watched_anew = watch >= 0 && watch != directory.watch;
    if (watched_anew) {
      unwatch(task.path, directory);
      directory.watch = watch;
      snapshot_.watched[watch].emplace_back(task.path);
    }
  }
  const bool touched = own != directory.own || change_time(status) != directory.changed;
  directory.own = own;
  directory.changed = change_time(status);
  return another || touched || watched_anew;
}

/// Returns whether the rules for its entries have changed. `listed`: null when they are those of
/// before.
bool Looker::refresh_scope(const Sight& sight, const std::vector<Listed>* listed) {
  Directory& directory = sight.directory;
  decltype(directory.ignore_files) states;
  for (std::size_t i = 0; i < states.size(); ++i) {
    const std::string name = ignore_file_names[i];
    const bool there = listed != nullptr ? has(*listed, name) : directory.ignore_files[i].exists;
    if (there) states[i] = rule_file_state(sight.fd.get(), name, Links::refused);
  }
  const bool top = listed != nullptr ? has(*listed, ".git") : directory.repository_top;
  const bool left_out = listed != nullptr ? directory.skip_environment &&
                                                has(*listed, Rules::virtual_environment_mark)
                                          : directory.left_out;
  const bool same = directory.walked && !directory.rules_in_doubt &&
                    directory.around == sight.task.around && directory.ignore_files == states &&
                    directory.repository_top == top && directory.left_out == left_out;
  if (same) return false;
  directory.ignore_files = states;
  directory.repository_top = top;
  directory.left_out = left_out;
  directory.around = sight.task.around;
  const ScopePtr before = rules_.scope(directory.scope);
  const bool has_ignore_file =
      std::any_of(states.begin(), states.end(), [](const auto& state) { return state.exists; });
  const ScopePtr now = rules_.inside(
      rules_.scope(sight.task.around),
      {sight.fd.get(), std::string(directory.full), has_ignore_file, top}, before, warnings_);
  directory.scope = rules_.number(now);
  directory.rules_in_doubt = rules_.half_written(std::string(directory.full));
  return now != before || left_out != sight.was_left_out;
}

void Looker::take_listing(const Sight& sight, const std::vector<Listed>& listed) {
  Directory& directory = sight.directory;
  bool sure = directory.mount.inotify_sees && directory.shows_changes();
  directory.elsewhere = false;
  std::pmr::vector<File> files;
  std::pmr::vector<Text> subdirectories;
  for (const Listed& entry : listed) {
    if (directory.left_out) break;
    pause_at(how_.pause);
    if (entry.type == DT_REG || entry.type == DT_LNK) {
      if (wants_file(directory, entry.name)) sure = add_listed_file(sight, entry, files) && sure;
    } else if (entry.type == DT_DIR && !is_ignored(directory.scope, directory, entry.name, true)) {
      subdirectories.push_back(entry.name);
    }
  }
  replace_files(sight, std::move(files), listed);
  replace_subdirectories(sight, std::move(subdirectories), listed);
  directory.listing_sure = sure;
}

/// Returns whether the listing tells what has become of the file. What a link leads to may come to
/// be there, which leaves no trace here.
bool Looker::add_listed_file(const Sight& sight, const Listed& entry,
                             std::pmr::vector<File>& files) {
  Directory& directory = sight.directory;
  const bool is_link = entry.type == DT_LNK;
  if (is_link) directory.elsewhere = true;
  const auto known = place_of(directory.files, entry.name);
  const bool is_known = known != directory.files.end() && known->name == entry.name;
  const auto taken = stamp_of(sight, entry.name, is_known ? &known->seen : nullptr);
  if (taken) files.push_back({entry.name, taken->seen});
  return taken || !is_link;
}

/// Whether an entry that is not known was out of view by the rules, those of before.
bool Looker::was_ignored(const Sight& sight, const Text& name, bool is_directory) {
  if (sight.task.by_rules) return true;
  if (!sight.rules_changed) return false;
  return sight.was_left_out || is_ignored(sight.old_scope, sight.directory, name, is_directory);
}

/// Whether an entry that is there was taken out of view by the rules, those of now.
bool Looker::is_ignored_now(const Sight& sight, const Text& name, bool is_directory) {
  const Directory& directory = sight.directory;
  return sight.rules_changed &&
         (directory.left_out || is_ignored(directory.scope, directory, name, is_directory));
}

/// What the rules alone have taken out of view, or brought into it, is no change; but what has
/// changed out of view is one when it comes into view.
void Looker::replace_files(const Sight& sight, std::pmr::vector<File> files,
                           const std::vector<Listed>& listed) {
  using Kind = Change::Kind;
  const Task& task = sight.task;
  Directory& directory = sight.directory;
  Changes* const found = sight.found;
  auto old = directory.files.cbegin();
  auto now = files.cbegin();
  while (old != directory.files.cend() || now != files.cend()) {
    pause_at(how_.pause);
    if (now == files.cend() || (old != directory.files.cend() && old->name < now->name)) {
      if (!has(listed, old->name) || !is_ignored_now(sight, old->name, false)) {
        tell(found, Kind::vanished, below(task.path, old->name), old->seen.stamp, {});
      }
      ++old;
    } else if (old == directory.files.cend() || now->name < old->name) {
      if (!was_ignored(sight, now->name, false) ||
          changed_since(sight.fd.get(), now->name.c_str(), how_.begun)) {
        tell(found, Kind::appeared, below(task.path, now->name), {}, now->seen.stamp);
      }
      ++now;
    } else {
      if (differs(old->seen.stamp, now->seen.stamp)) {
        tell(found, Kind::modified, below(task.path, now->name), old->seen.stamp, now->seen.stamp);
      }
      ++old;
      ++now;
    }
  }
  files.shrink_to_fit();
  directory.files = std::move(files);
}

void Looker::replace_subdirectories(const Sight& sight, std::pmr::vector<Text> names,
                                    const std::vector<Listed>& listed) {
  const Task& task = sight.task;
  Directory& directory = sight.directory;
  for (const Text& name : directory.subdirectories) {
    if (std::binary_search(names.begin(), names.end(), name)) continue;
    const bool by_rules = has(listed, name) && is_ignored_now(sight, name, true);
    forget(below(task.path, name), by_rules ? nullptr : sight.found);
  }
  directory.subdirectories = std::move(names);
  for (const Text& name : directory.subdirectories) {
    Task child = task_of(sight, name);
    const auto known = snapshot_.directories.find(child.path);
    const bool is_known = known != snapshot_.directories.end() && known->second.walked;
    if (is_known && known->second.root) continue;  // it is looked at for itself
    if (is_known && known->second.around == directory.scope && !task.anew) continue;
    child.anew = task.anew;
    child.by_rules = was_ignored(sight, name, true);
    to_do_.push_back(std::move(child));
  }
}

/// The files of a directory whose entries are the same.
void Looker::recheck_files(const Sight& sight) {
  Directory& directory = sight.directory;
  std::vector<Text> gone;
  for (File& file : directory.files) {
    pause_at(how_.pause);
    const auto taken = stamp_of(sight, file.name, &file.seen);
    if (!taken) {
      gone.push_back(file.name);
      continue;
    }
    const Stamp before = std::exchange(file.seen, taken->seen).stamp;
    if (!differs(before, file.seen.stamp)) continue;
    tell(sight.found, Change::Kind::modified, below(sight.task.path, file.name), before,
         file.seen.stamp);
  }
  for (const Text& name : gone) update_file(sight, name, false);
}

/// To look at a subdirectory that is not ignored.
Looker::Task Looker::task_of(const Sight& sight, const Text& name) {
  const Directory& directory = sight.directory;
  Task task{.path = below(sight.task.path, name), .full = full_of(directory, name)};
  task.around = directory.scope;
  task.skip_environment = rules_.skips_virtual_environment(
      rules_.decide(rules_.scope(directory.scope).get(), task.full, true));
  return task;
}

const std::string& Looker::full_of(const Directory& directory, const Text& name) {
  full_.assign(directory.full);
  if (!full_.ends_with('/')) full_ += '/';
  return full_ += name;
}

bool Looker::is_ignored(ScopeNumber scope, const Directory& directory, const Text& name,
                        bool is_directory) {
  return rules_.decide(rules_.scope(scope).get(), full_of(directory, name), is_directory).ignored;
}

/// Not what is watched by name already.
bool Looker::wants_file(const Directory& directory, const Text& name) {
  const auto named = place_of(directory.named, name);
  if (named != directory.named.end() && named->name == name) return false;
  return rules_.wants(full_of(directory, name)) &&
         !is_ignored(directory.scope, directory, name, false);
}

}  // namespace reloadrun::watch
