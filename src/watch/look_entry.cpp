// Looking at one entry of a directory: see look.hpp.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "watch/look.hpp"
#include "watch/stamps.hpp"

namespace reloadrun::watch {
namespace {

/// Whether an entry of this name says something about others.
bool decides_more_than_itself(const Text& name) {
  return name == ignore_file_names[0] || name == ignore_file_names[1] || name == ".git" ||
         name == Rules::virtual_environment_mark;
}

}  // namespace

/// Looks at what a hint names: a file, a directory, or something that is none any more. `kind`:
/// what the hint says of it.
void Looker::look_at_entry(const std::string& path, const Text& name, Hint::Kind kind,
                           Changes* found) {
  Directory& directory = snapshot_.make(path);
  const auto named = place_of(directory.named, name);
  if (named != directory.named.end() && named->name == name) {
    look_at_named_file(path, directory, *named, kind, found);
  }
  if (!directory.walked) {
    if (directory.of_names) look_at_name(path, directory, name, found);
    return;
  }
  const Task task{.path = path, .full = std::string(directory.full), .around = directory.around};
  const Fd fd = open_directory(path, directory.root);
  struct stat status {};
  const bool same = fd && ::fstat(fd.get(), &status) == 0 && status.st_dev == directory.device &&
                    status.st_ino == directory.own.inode;
  if (!same || decides_more_than_itself(name)) {
    directory.listing_sure = false;
    return look_at_node(path, found);
  }
  if (directory.left_out) return;
  const bool there = ::fstatat(fd.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
  const Sight sight{task, fd, directory, false, 0, false, found, kind == Hint::Kind::written};
  if (there && S_ISDIR(status.st_mode)) {
    update_file(sight, name, false);
    look_at_subdirectory(sight, name, kind == Hint::Kind::directory);
    return;
  }
  const auto subdirectory =
      std::lower_bound(directory.subdirectories.begin(), directory.subdirectories.end(), name);
  if (subdirectory != directory.subdirectories.end() && *subdirectory == name) {
    directory.subdirectories.erase(subdirectory);
    forget(below(path, name), found);
  }
  const bool is_link = there && S_ISLNK(status.st_mode);
  const bool wanted = there && (is_link || S_ISREG(status.st_mode)) && wants_file(directory, name);
  if (wanted && is_link) note_elsewhere(path, directory);
  update_file(sight, name, wanted);
}

void Looker::look_at_subdirectory(const Sight& sight, const Text& name, bool anew) {
  Directory& directory = sight.directory;
  const std::string path = below(sight.task.path, name);
  const auto known = snapshot_.directories.find(path);
  if (known != snapshot_.directories.end() && known->second.root) {
    return look_at_root(path, anew, sight.found);
  }
  if (is_ignored(directory.scope, directory, name, true)) return;
  auto& names = directory.subdirectories;
  const auto place = std::lower_bound(names.begin(), names.end(), name);
  if (place == names.end() || *place != name) names.insert(place, name);
  Task task = task_of(sight, name);
  task.anew = anew;
  visit(std::move(task), sight.found);
}

void Looker::look_at_named(const std::string& path, Directory& directory, bool anew,
                           Changes* found) {
  directory.pass = snapshot_.pass;
  if (!directory.walked) directory.elsewhere = false;
  const auto kind = anew ? Hint::Kind::directory : Hint::Kind::entry;
  for (NamedFile& file : directory.named) look_at_named_file(path, directory, file, kind, found);
}

void Looker::look_at_named_file(const std::string& directory_path, Directory& directory,
                                NamedFile& file, Hint::Kind kind, Changes* found) {
  using Kind = Change::Kind;
  const bool anew = kind == Hint::Kind::directory;
  const std::string path = below(directory_path, file.name);
  struct stat status {};
  const bool is_link = ::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);
  auto taken = stamps_.take(AT_FDCWD, path.c_str(), directory, file.seen ? &*file.seen : nullptr,
                            kind == Hint::Kind::written);
  if (is_link || (taken && taken->has_other_names)) note_elsewhere(directory_path, directory);
  std::optional<Seen> now;
  if (taken) {
    taken->seen.stamp.runnable = file.executable && ::access(path.c_str(), X_OK) == 0;
    note_tick(directory, *taken);
    now = taken->seen;
  }
  const std::optional<Seen> before = std::exchange(file.seen, now);
  if (before && !now) tell(found, Kind::vanished, path, before->stamp, {});
  if (!before && now) tell(found, Kind::appeared, path, {}, now->stamp, taken->rewritten);
  if (before && now && (taken->rewritten || differs(before->stamp, now->stamp))) {
    tell(found, Kind::modified, path, before->stamp, now->stamp, taken->rewritten);
  }
  if (file.root && (anew || is_another(path))) look_at_root(path, anew, found);
}

/// Takes one file as it is now, or is not any more.
void Looker::update_file(const Sight& sight, const Text& name, bool wanted) {
  using Kind = Change::Kind;
  auto& files = sight.directory.files;
  const auto place = place_of(files, name);
  const bool known = place != files.end() && place->name == name;
  std::optional<Stamps::Taken> taken;
  if (wanted) taken = stamp_of(sight, name, known ? &place->seen : nullptr);
  std::string path = below(sight.task.path, name);
  if (known && !taken) {
    sight.directory.listing_sure = false;
    tell(sight.found, Kind::vanished, std::move(path), place->seen.stamp, {});
    files.erase(place);
  } else if (known) {
    const Stamp before = std::exchange(place->seen, taken->seen).stamp;
    if (taken->rewritten || differs(before, place->seen.stamp)) {
      tell(sight.found, Kind::modified, std::move(path), before, place->seen.stamp,
           taken->rewritten);
    }
  } else if (taken) {
    files.insert(place, {name, taken->seen});
    tell(sight.found, Kind::appeared, std::move(path), {}, taken->seen.stamp, taken->rewritten);
  }
}

/// `known`: what was last seen of it, or null.
std::optional<Stamps::Taken> Looker::stamp_of(const Sight& sight, const Text& name,
                                              const Seen* known) {
  Directory& directory = sight.directory;
  auto taken = stamps_.take(sight.fd.get(), name.c_str(), directory, known, sight.written);
  if (!taken) return taken;
  if (taken->has_other_names) note_elsewhere(sight.task.path, directory);
  note_tick(directory, *taken);
  return taken;
}

/// Where hints tell of each write, none is needed.
void Looker::note_tick(const Directory& directory, const Stamps::Taken& taken) {
  if (taken.tick_left == Duration::zero() || directory.covered()) return;
  tick_over_at_ = std::max(tick_over_at_, Clock::now() + taken.tick_left);
}

}  // namespace reloadrun::watch
