#include "watch/look.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "base/fd.hpp"

namespace reloadrun::watch {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Directory = std::unique_ptr<DIR, CloseDirectory>;

/// A file that is not there, may not be read or loops is left out. Any other error says nothing
/// about the file, and to take it for vanished would restart for nothing.
void require_that_file_is_to_blame(const std::string& path) {
  for (const int error : {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG}) {
    if (errno == error) return;
  }
  throw_errno(path.c_str());
}

Directory open_directory(const std::string& path, bool follow) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
  Fd fd(::open(path.c_str(), flags));
  if (!fd) {
    require_that_file_is_to_blame(path);
    return nullptr;
  }
  Directory directory(::fdopendir(fd.get()));
  if (!directory) throw_errno("fdopendir");
  static_cast<void>(fd.release());
  return directory;
}

Stamp stamp_of(const struct stat& status) {
  return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, static_cast<std::uint64_t>(status.st_size),
          status.st_ino};
}

/// "." is left out of the paths below it.
std::string below(const std::string& directory, const char* name) {
  if (directory == ".") return name;
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/// Walks with a list of directories still to do, so that one descriptor is open at a time however
/// deep the tree is.
class Walk {
 public:
  explicit Walk(const WatchSet& watched) : watched_(watched) {}

  Snapshot take() {
    // First, so that they stay the first of their equals: their entries say more.
    for (const std::string& file : watched_.executables()) add_executable(file);
    for (const std::string& root : watched_.roots()) add_root(root);
    while (!to_do_.empty()) {
      const std::string path = std::move(to_do_.back());
      to_do_.pop_back();
      read_directory(path, false);
    }
    // A file may be found by several roots.
    std::ranges::stable_sort(found_, {}, &Entry::path);
    const auto same_path = [](const Entry& a, const Entry& b) { return a.path == b.path; };
    found_.erase(std::unique(found_.begin(), found_.end(), same_path), found_.end());
    return std::move(found_);
  }

 private:
  void add_root(const std::string& root) {
    struct stat status {};
    if (::stat(root.c_str(), &status) != 0) return;
    if (S_ISREG(status.st_mode)) found_.push_back({root, stamp_of(status)});
    if (S_ISDIR(status.st_mode)) read_directory(root, true);
  }

  void add_executable(const std::string& path) {
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return;
    Entry entry{path, stamp_of(status)};
    entry.stamp.runnable = (status.st_mode & (S_IXUSR | S_IXGRP | S_IXOTH)) != 0;
    found_.push_back(std::move(entry));
  }

  void read_directory(const std::string& path, bool follow) {
    const Directory directory = open_directory(path, follow);
    if (!directory) return;
    const int fd = ::dirfd(directory.get());
    for (;;) {
      errno = 0;
      const dirent* entry = ::readdir(directory.get());
      if (entry == nullptr && errno != 0) require_that_file_is_to_blame(path);
      if (entry == nullptr) return;
      if (!is_dot(entry->d_name)) add_entry(path, fd, *entry);
    }
  }

  void add_entry(const std::string& directory, int fd, const dirent& entry) {
    if (entry.d_type == DT_DIR) {
      to_do_.push_back(below(directory, entry.d_name));
      return;
    }
    const bool maybe_file =
        entry.d_type == DT_REG || entry.d_type == DT_LNK || entry.d_type == DT_UNKNOWN;
    if (!maybe_file) return;
    if (entry.d_type != DT_UNKNOWN && !watched_.wants(entry.d_name)) return;
    struct stat status {};
    if (::fstatat(fd, entry.d_name, &status, 0) != 0) return;
    if (S_ISREG(status.st_mode) && watched_.wants(entry.d_name)) {
      found_.push_back({below(directory, entry.d_name), stamp_of(status)});
    } else if (S_ISDIR(status.st_mode) && entry.d_type == DT_UNKNOWN) {
      to_do_.push_back(below(directory, entry.d_name));  // a link ends at O_NOFOLLOW
    }
  }

  const WatchSet& watched_;
  Snapshot found_;
  std::vector<std::string> to_do_;
};

}  // namespace

Snapshot look(const WatchSet& watched) { return Walk(watched).take(); }

}  // namespace reloadrun::watch
