#include "watch/listing.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

namespace reloadrun::watch {
namespace {

struct CloseDirectory {
  void operator()(DIR* directory) const { ::closedir(directory); }
};
using Stream = std::unique_ptr<DIR, CloseDirectory>;

bool is_dot(const char* name) {
  return name[0] == '.' && (name[1] == '\0' || (name[1] == '.' && name[2] == '\0'));
}

/// Of an entry, where the file system does not say.
unsigned char type_of(int directory, const char* name) {
  struct stat status {};
  if (::fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) != 0) return DT_UNKNOWN;
  return static_cast<unsigned char>(IFTODT(status.st_mode));
}

}  // namespace

bool exists(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0;
}

std::string canonical(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> full(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return full ? full.get() : "";
}

void require_that_file_is_to_blame(std::string_view path) {
  for (const int error : {ENOENT, ENOTDIR, EACCES, EPERM, ELOOP, ENAMETOOLONG, ENOTCONN, ESTALE}) {
    if (errno == error) return;
  }
  throw_errno(std::string(path).c_str());
}

Fd open_directory(const std::string& path, bool follow) {
  const int flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK | (follow ? 0 : O_NOFOLLOW);
  Fd fd(::open(path.c_str(), flags));
  if (!fd) require_that_file_is_to_blame(path);
  return fd;
}

std::vector<Listed> list_directory(const Fd& directory, const std::string& path, Pause* pause) {
  Fd again = require_fd(::fcntl(directory.get(), F_DUPFD_CLOEXEC, 0), path.c_str());
  const Stream stream(::fdopendir(again.get()));
  if (!stream) throw_errno("fdopendir");
  static_cast<void>(again.release());
  std::vector<Listed> entries;
  for (;;) {
    pause_at(pause);
    errno = 0;
    const dirent* entry = ::readdir(stream.get());
    if (entry == nullptr && errno != 0) require_that_file_is_to_blame(path);
    if (entry == nullptr) break;
    if (is_dot(entry->d_name)) continue;
    unsigned char type = entry->d_type;
    if (type == DT_UNKNOWN) type = type_of(directory.get(), entry->d_name);
    entries.push_back({entry->d_name, type});
  }
  std::sort(entries.begin(), entries.end(), [pause](const Listed& a, const Listed& b) {
    pause_at(pause);
    return a.name < b.name;
  });
  return entries;
}

}  // namespace reloadrun::watch
