// What is watched outside of the roots, as it turns out that it matters: see look.hpp. The
// directory is watched first, then looked at, then compared with what was known before.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "watch/look.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::watch {

/// A directory that was looked at, and is watched if it can be.
Directory& Looker::meet(const std::string& path, const std::string& full, Changes* found) {
  Directory& directory = snapshot_.make(path);
  const bool is_watched = directory.watch >= 0 || how_.hints == nullptr;
  if (directory.walked || (directory.device != 0 && is_watched)) return directory;
  if (!full.empty()) directory.full = full;
  ++snapshot_.pass;
  visit({.path = path, .full = std::string(directory.full), .walk = false}, found);
  return snapshot_.make(path);
}

bool Looker::watch_file(const std::string& path, const std::optional<Stamp>& before,
                        Changes* found) {
  const auto [parent, name] = split(path);
  if (const auto known = snapshot_.directories.find(parent); known != snapshot_.directories.end()) {
    const auto place = place_of(known->second.named, name);
    if (place != known->second.named.end() && std::string_view(place->name) == name) {
      return std::exchange(place->new_name, false);
    }
  }
  Directory& directory = meet(parent, "", found);
  std::optional<Seen> known;
  if (before) {  // in the terms in which looks take it
    known = Seen{.stamp = *before};
    const auto taken = stamps_.take(AT_FDCWD, path.c_str(), directory, &*known);
    if (taken && taken->seen.stamp.inode == 0) known->stamp.inode = 0;
  }
  const auto place = directory.named.insert(place_of(directory.named, name),
                                            NamedFile{.name = Text(name), .seen = known});
  look_at_named_file(parent, directory, *place, Hint::Kind::entry, found);
  note_coverage(parent, directory);
  return true;
}

bool Looker::watch_names(const std::string& path, const std::string& full,
                         const std::optional<struct stat>& before, const ChangeTime& moment,
                         Changes* found) {
  Directory& directory = meet(path, full, found);
  if (directory.walked || directory.of_names) return false;
  directory.of_names = true;
  directory.full = full;
  note_coverage(path, directory);
  const Fd fd = open_directory(path, true);
  if (!fd) return true;  // all will be new
  struct stat now {};
  const bool same = before && ::fstat(fd.get(), &now) == 0 && now.st_ino == before->st_ino &&
                    plain_stamp(now) == plain_stamp(*before) &&
                    change_time(now) == change_time(*before);
  for (Listed& entry : list_directory(fd, path, how_.pause)) {
    const bool may_be_new =
        !before || (!same && changed_since(fd.get(), entry.name.c_str(), moment));
    if (may_be_new) {
      take_new_name(path, directory, entry.name, found);
    } else {
      directory.names.push_back(std::move(entry.name));
    }
  }
  return true;
}

void Looker::let_go_of_new_names() {
  for (auto& [path, directory] : snapshot_.directories) {
    if (directory.of_names) {
      std::erase_if(directory.named, [](const NamedFile& file) { return file.new_name; });
    }
  }
}

/// All of them, of a directory that was touched.
void Looker::look_at_names(const std::string& path, Directory& directory, const Fd& fd,
                           Changes* found) {
  const auto listed = list_directory(fd, path, how_.pause);
  directory.listing_sure = directory.mount.inotify_sees && directory.shows_changes();
  std::pmr::vector<Text> old;
  for (const Listed& entry : listed) {
    if (std::ranges::binary_search(directory.names, entry.name)) old.push_back(entry.name);
  }
  directory.names = std::move(old);
  for (const Listed& entry : listed) take_new_name(path, directory, entry.name, found);
}

/// One, of which a hint tells.
void Looker::look_at_name(const std::string& path, Directory& directory, const Text& name,
                          Changes* found) {
  struct stat status {};
  if (::lstat(below(path, name).c_str(), &status) == 0) {
    take_new_name(path, directory, name, found);
  } else if (const auto place = std::ranges::lower_bound(directory.names, name);
             place != directory.names.end() && *place == name) {
    directory.names.erase(place);  // it may come back
  }
}

/// What makes it a Python package, say, comes after it.
void Looker::take_new_directory(const std::string& path, const std::string& full, Changes* found) {
  if (const Directory& known = snapshot_.make(path); known.walked || known.of_names) return;
  snapshot_.make(path).new_name = true;
  watch_names(path, full, std::nullopt, {}, found);
}

void Looker::take_new_name(const std::string& path, Directory& directory, const Text& name,
                           Changes* found) {
  const auto place = std::ranges::lower_bound(directory.names, name);
  if (place != directory.names.end() && *place == name) return;
  directory.names.insert(place, name);
  const auto known = place_of(directory.named, name);
  if (known != directory.named.end() && known->name == name) return;
  const std::string whole = below(path, name);
  struct stat status {};
  if (::stat(whole.c_str(), &status) != 0) return;
  const bool is_directory = S_ISDIR(status.st_mode);
  if (rules_.ignores_outside(full_of(directory, name), is_directory)) return;
  if (is_directory) {
    tell(found, Change::Kind::appeared, whole, {}, plain_stamp(status));
    if (!directory.new_name) take_new_directory(whole, full_of(directory, name), found);
    return;
  }
  if (!S_ISREG(status.st_mode)) return;
  const auto file = directory.named.insert(known, NamedFile{.name = name, .new_name = true});
  look_at_named_file(path, directory, *file, Hint::Kind::entry, found);
}

}  // namespace reloadrun::watch
