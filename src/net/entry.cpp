#include "net/entry.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <linux/un.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace reloadrun::net {

std::optional<FileNumber> Entry::file() const {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  return FileNumber{status.st_dev, status.st_ino};
}

bool Entry::is(const Entry& other) const {
  if (name != other.name) return false;
  const auto here = file_of(directory);
  return here && here == file_of(other.directory);
}

/// rmdir() asks whatever unlink() would ask, and then finds that it is no directory. (If it is one
/// by now, an empty one, then whoever may remove it has asked for what was there to be removed.)
bool Entry::may_be_removed() const {
  return ::unlinkat(directory.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno == ENOTDIR;
}

void Entry::remove(const FileNumber& expected) const {
  if (file() == expected) static_cast<void>(::unlinkat(directory.get(), name.c_str(), 0));
}

std::optional<Entry> entry_of(const NamedPath& named) {
  Entry entry{named.open_parent(), named.name()};
  if (!entry.directory || entry.name.empty()) return std::nullopt;
  return entry;
}

Fd bound_file(int socket) { return Fd(::ioctl(socket, SIOCUNIXFILE)); }

}  // namespace reloadrun::net
