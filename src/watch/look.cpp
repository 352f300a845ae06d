#include "watch/look.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>

#include "fmt/format.h"

namespace reloadrun::watch {
namespace {

namespace fs = std::filesystem;

Duration processor_time() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Absolute and without links; empty when it leads nowhere.
std::string canonical(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> full(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return full ? full.get() : "";
}

/// The directory and the name in it: "src", "app.py"; ".", "app.py".
std::pair<std::string, std::string> split(const std::string& path) {
  const fs::path parts(path);
  return {parts.has_parent_path() ? parts.parent_path().string() : ".", parts.filename().string()};
}

}  // namespace

Looker::Looker(const WatchSet& watched, Rules& rules, How how)
    : watched_(watched), rules_(rules), how_(how), stamps_(how.content) {
  for (const std::string& file : watched.executables()) add_named(file, true, false);
  for (const std::string& file : watched.env_files()) add_named(file, false, false);
  for (const std::string& root : watched.roots()) add_named(root, false, true);
}

void Looker::add_named(const std::string& path, bool executable, bool root) {
  const auto [parent, name] = split(path);
  if (name.empty() || name == "." || name == "..") {
    if (root) bare_roots_.push_back(path);
    return;
  }
  auto& named = snapshot_.directories[parent].named;
  const auto place = std::lower_bound(
      named.begin(), named.end(), name,
      [](const NamedFile& file, const std::string& wanted) { return file.name < wanted; });
  if (place == named.end() || place->name != name) {
    named.insert(place, {name, executable, root});
  } else {
    place->executable = place->executable || executable;
    place->root = place->root || root;
  }
}

void Looker::look_at_everything(Changes* found) {
  ++pass_;
  for (const std::string& root : watched_.roots()) look_at_root(root, false, found);
  std::string path;
  auto& directories = snapshot_.directories;
  for (auto at = directories.begin(); at != directories.end(); at = directories.upper_bound(path)) {
    path = at->first;
    if (at->second.pass != pass_) look_at_node(path, found);
  }
  watches_in_doubt_ = false;
}

void Looker::take_turn(Duration budget, Changes* found) {
  ++pass_;
  for (const std::string& root : bare_roots_) {
    if (is_another(root)) look_at_root(root, false, found);
  }
  auto& directories = snapshot_.directories;
  std::string path;
  for (auto at = directories.begin(); at != directories.end();) {
    // Behind a link, or when a directory further up was moved, nothing tells of another root.
    const bool covered = at->second.covered() && !(at->second.root && is_another(at->first));
    if (covered || at->second.pass == pass_) {
      ++at;
      continue;
    }
    path = at->first;
    look_at_node(path, found);
    at = directories.upper_bound(path);
  }
  credit_ = std::min(credit_ + budget, budget);
  const Duration begun = processor_time();
  Duration used{0};  // however little the budget is, one directory has its turn
  for (std::size_t left = directories.size(); left > 0 && used < credit_; --left) {
    auto at = directories.upper_bound(turn_);
    if (at == directories.end()) at = directories.begin();
    if (at == directories.end()) break;
    turn_ = at->first;
    if (at->second.covered() && at->second.pass != pass_) look_at_node(turn_, found);
    used = processor_time() - begun;
  }
  credit_ -= used;
}

void Looker::follow(const std::vector<Hint>& hints, Changes* found) {
  ++pass_;
  for (const Hint& hint : hints) {
    if (hint.kind == Hint::Kind::anywhere) {
      watches_in_doubt_ = true;
      return look_at_everything(found);
    }
    const auto known = watched_paths_.find(hint.watch);
    if (known == watched_paths_.end()) continue;
    const std::vector<std::string> paths = known->second;  // looking may change it
    for (const std::string& path : paths) {
      const auto node = snapshot_.directories.find(path);
      if (node == snapshot_.directories.end()) continue;
      if (hint.kind == Hint::Kind::itself) {
        unwatch(path, node->second);
        look_at_node(path, found);
      } else {
        look_at_entry(path, hint.name, hint.kind == Hint::Kind::directory, found);
      }
    }
  }
}

void Looker::look_at(const std::string& path, Changes* found) {
  ++pass_;
  const auto [parent, name] = split(path);
  if (snapshot_.directories.contains(parent)) look_at_entry(parent, name, false, found);
}

void Looker::look_at_half_written_rules(Changes* found) {
  ++pass_;
  const auto half_written = rules_.take_half_written();
  std::vector<std::string> paths;
  for (const auto& [path, directory] : snapshot_.directories) {
    if (directory.walked && half_written.contains(directory.full)) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    if (snapshot_.directories.contains(path)) look_at_node(path, found);
  }
}

void Looker::doubt_rules() {
  for (auto& [path, directory] : snapshot_.directories) {
    directory.rules_in_doubt = directory.rules_in_doubt || directory.repository_top;
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
  task.around = rules_.around(task.full, warnings_);
  visit(std::move(task), found);
}

/// Looks again at a directory that is known.
void Looker::look_at_node(const std::string& path, Changes* found) {
  const Directory& directory = snapshot_.directories.at(path);
  if (directory.root) return look_at_root(path, false, found);
  visit({.path = path,
         .full = directory.full,
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
  Directory& directory = known->second;
  directory.walked = false;  // first: a bind mount may lead back here
  for (const std::string& name : directory.subdirectories) forget(below(path, name), found);
  if (found != nullptr) {
    for (const File& file : directory.files) {
      found->push_back({Change::Kind::vanished, below(path, file.name), file.stamp, {}});
    }
  }
  unwatch(path, directory);
  if (directory.named.empty()) {
    snapshot_.directories.erase(known);
  } else {
    Directory named_only;
    named_only.named = std::move(directory.named);
    directory = std::move(named_only);
  }
}

void Looker::unwatch(const std::string& path, Directory& directory) {
  if (directory.watch < 0) return;
  const auto watched = watched_paths_.find(directory.watch);
  if (watched != watched_paths_.end()) {
    std::erase(watched->second, path);
    if (watched->second.empty()) {
      how_.hints->remove(directory.watch);
      watched_paths_.erase(watched);
    }
  }
  directory.watch = -1;
}

}  // namespace reloadrun::watch
