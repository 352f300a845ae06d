#include "watch/look.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <tuple>

#include "base/format.hpp"
#include "watch/listing.hpp"

namespace reloadrun::watch {
namespace {

Duration processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}  // namespace

Looker::Looker(const WatchSet& watched, Rules& rules, Snapshot& snapshot, How how)
    : watched_(watched),
      rules_(rules),
      how_(how),
      stamps_(how.content, how.pause),
      snapshot_(snapshot) {
  for (const std::string& file : watched.executables()) add_named(file, true, false);
  for (const std::string& file : watched.read_files()) add_named(file, false, false);
  for (const std::string& root : watched.roots()) add_named(root, false, true);
}

void Looker::add_named(const std::string& path, bool executable, bool root) {
  const auto [parent, name] = split(path);
  if (name.empty() || name == "." || name == "..") {
    if (root) bare_roots_.push_back(path);
    return;
  }
  Directory& directory = snapshot_.make(parent);
  note_coverage(parent, directory);
  auto& named = directory.named;
  const auto place = place_of(named, name);
  if (place == named.end() || std::string_view(place->name) != name) {
    named.insert(place, {Text(name), executable, root});
  } else {
    place->executable = place->executable || executable;
    place->root = place->root || root;
  }
}

void Looker::look_at_everything(Changes* found) {
  ++snapshot_.pass;
  for (const std::string& root : watched_.roots()) look_at_root(root, false, found);
  std::string path;
  auto& directories = snapshot_.directories;
  for (auto at = directories.begin(); at != directories.end(); at = directories.upper_bound(path)) {
    path = at->first;
    if (at->second.pass != snapshot_.pass) look_at_node(path, found);
  }
  watches_in_doubt_ = false;
}

void Looker::look_at_uncovered(Changes* found) {
  ++snapshot_.pass;
  for (const std::string& root : bare_roots_) {
    if (is_another(root)) look_at_root(root, false, found);
  }
  // Behind a link, or when a directory further up was moved, nothing tells of another root.
  for (const std::string& root : watched_.roots()) {
    if (snapshot_.directories.contains(root) && is_another(root)) look_at_node(root, found);
  }
  const auto look_at_each = [&](const auto& paths, const auto& path_of) {
    std::string path;
    for (auto at = paths.begin(); at != paths.end(); at = paths.upper_bound(path)) {
      path = path_of(*at);
      const auto known = snapshot_.directories.find(path);
      if (known == snapshot_.directories.end() || known->second.pass == snapshot_.pass) continue;
      look_at_node(path, found);
      if (how_.pause != nullptr && how_.pause->over()) return;
    }
  };
  if (how_.hints == nullptr) {
    look_at_each(snapshot_.directories, [](const auto& one) { return one.first; });
  } else {
    look_at_each(snapshot_.uncovered, [](const Text& path) { return path; });
  }
}

void Looker::take_turn(Duration budget, Changes* found) {
  ++snapshot_.pass;
  auto& directories = snapshot_.directories;
  credit_ = std::min(credit_ + budget, budget);
  const Duration begun = processor_time();
  Duration used{0};  // however little the budget is, one directory has its turn
  for (std::size_t left = directories.size(); left > 0 && used < credit_; --left) {
    auto at = directories.upper_bound(snapshot_.turn);
    if (at == directories.end()) at = directories.begin();
    if (at == directories.end()) break;
    snapshot_.turn = at->first;
    if (at->second.covered()) look_at_node(std::string(at->first), found);
    used = processor_time() - begun;
  }
  credit_ -= used;
}

void Looker::follow(const std::vector<Hint>& hints, Changes* found) {
  ++snapshot_.pass;
  for (const Hint& hint : hints) {
    if (hint.kind == Hint::Kind::anywhere) {
      watches_in_doubt_ = true;
      return look_at_everything(found);
    }
    const auto known = snapshot_.watched.find(hint.watch);
    if (known == snapshot_.watched.end()) continue;
    const auto paths = known->second;  // looking may change it
    for (const Text& in_snapshot : paths) {
      const std::string path(in_snapshot);
      const auto node = snapshot_.directories.find(path);
      if (node == snapshot_.directories.end()) continue;
      if (hint.kind == Hint::Kind::itself) {
        unwatch(path, node->second);
        look_at_node(path, found);
      } else {
        look_at_entry(path, Text(hint.name), hint.kind, found);
      }
    }
  }
}

void Looker::look_at(const std::string& path, Changes* found) {
  ++snapshot_.pass;
  auto [parent, name] = split(path);
  while (!snapshot_.directories.contains(parent)) {  // of a directory that is new itself
    const std::string below = std::move(parent);
    std::tie(parent, name) = split(below);
    if (parent == below || name == "..") return;
  }
  look_at_entry(parent, Text(name), Hint::Kind::entry, found);
}

void Looker::look_at_half_written_rules(Changes* found) {
  ++snapshot_.pass;
  const auto half_written = rules_.take_half_written();
  std::vector<std::string> paths;
  for (const auto& [path, directory] : snapshot_.directories) {
    if (directory.walked && half_written.contains(std::string(directory.full))) {
      paths.emplace_back(path);
    }
  }
  for (const std::string& path : paths) {
    if (snapshot_.directories.contains(path)) look_at_node(path, found);
  }
}

void Looker::doubt_rules() {
  for (auto& [path, directory] : snapshot_.directories) {
    if (!directory.repository_top) continue;
    directory.rules_in_doubt = true;
    note_coverage(std::string(path), directory);
  }
}

/// A root that is a directory is walked; one that is a file, or is not there, has nothing below it.
void Looker::look_at_root(const std::string& root, bool anew, Changes* found) {
  struct stat status {};
  if (::stat(root.c_str(), &status) != 0) {
    require_that_file_is_to_blame(root);
    status.st_mode = 0;
  }
  const auto known = snapshot_.directories.find(root);
  const bool walked = known != snapshot_.directories.end() && known->second.walked;
  const std::string full = S_ISDIR(status.st_mode) ? canonical(root) : "";
  if (full.empty()) {  // or a working directory that was removed, which is still a directory
    if (walked) warnings_.push_back(fmt::format("'{}' is gone: waiting for it to come back", root));
    return forget(root, found);
  }
  Task task{.path = root, .full = full, .root = true, .anew = anew};
  task.around = rules_.number(rules_.around(task.full, warnings_));
  visit(std::move(task), found);
}

/// Looks again at a directory that is known.
void Looker::look_at_node(const std::string& path, Changes* found) {
  const Directory& directory = snapshot_.directories.find(path)->second;
  if (directory.root) return look_at_root(path, false, found);
  visit({.path = path,
         .full = std::string(directory.full),
         .around = directory.around,
         .walk = directory.walked,
         .skip_environment = directory.skip_environment},
        found);
}

/// Whether the directory that a root leads to is not the one that was looked at last.
bool Looker::is_another(const std::string& root) const {
  struct stat status {};
  const bool there = ::stat(root.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
  const auto known = snapshot_.directories.find(root);
  if (known == snapshot_.directories.end() || !known->second.walked) return there;
  return !there || known->second.device != status.st_dev ||
         known->second.own.inode != status.st_ino;
}

/// With a list of directories still to do, so that one descriptor is open at a time however deep
/// the tree is.
void Looker::visit(Task task, Changes* found) {
  const std::size_t floor = to_do_.size();  // looking may lead to a visit of its own
  to_do_.push_back(std::move(task));
  try {
    while (to_do_.size() > floor) {
      const Task next = std::move(to_do_.back());
      to_do_.pop_back();
      pause_at(how_.pause);
      look_at_directory(next, found);
    }
  } catch (...) {
    to_do_.erase(to_do_.begin() + static_cast<std::ptrdiff_t>(floor), to_do_.end());
    throw;
  }
}

void Looker::forget(const std::string& path, Changes* found) {
  const auto known = snapshot_.directories.find(path);
  if (known == snapshot_.directories.end() || !known->second.walked) return;
  pause_at(how_.pause);
  Directory& directory = known->second;
  directory.walked = false;  // first: a bind mount may lead back here
  for (const Text& name : directory.subdirectories) forget(below(path, name), found);
  if (found != nullptr) {
    for (const File& file : directory.files) {
      found->push_back({Change::Kind::vanished, below(path, file.name), file.seen.stamp, {}});
    }
  }
  unwatch(path, directory);
  if (directory.named.empty() && !directory.of_names) {
    snapshot_.directories.erase(known);
    if (const auto place = snapshot_.uncovered.find(path); place != snapshot_.uncovered.end()) {
      snapshot_.uncovered.erase(place);
    }
  } else {
    Directory named_only;
    named_only.named = std::move(directory.named);
    named_only.of_names = directory.of_names;
    named_only.new_name = directory.new_name;
    directory = std::move(named_only);
    note_coverage(path, directory);
  }
}

void Looker::unwatch(const std::string& path, Directory& directory) {
  if (directory.watch < 0) return;
  const auto watched = snapshot_.watched.find(directory.watch);
  if (watched != snapshot_.watched.end()) {
    std::erase_if(watched->second,
                  [&path](const Text& one) { return std::string_view(one) == path; });
    if (watched->second.empty()) {
      how_.hints->remove(directory.watch);
      snapshot_.watched.erase(watched);
    }
  }
  directory.watch = -1;
  note_coverage(path, directory);
}

/// To be called whenever a directory may have become covered, or may be so no longer. Where nothing
/// is covered, nobody asks.
void Looker::note_coverage(const std::string& path, const Directory& directory) {
  if (how_.hints == nullptr) return;
  const auto place = snapshot_.uncovered.find(path);
  const bool known = place != snapshot_.uncovered.end();
  if (directory.covered()) {
    if (known) snapshot_.uncovered.erase(place);
  } else if (!known) {
    snapshot_.uncovered.emplace(path);
  }
}

/// It has a link, or a file with another name.
void Looker::note_elsewhere(const std::string& path, Directory& directory) {
  directory.elsewhere = true;
  note_coverage(path, directory);
}

}  // namespace reloadrun::watch
