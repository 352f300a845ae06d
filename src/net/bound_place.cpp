#include "net/bound_place.hpp"

#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

namespace reloadrun::net {

std::optional<FileNumber> BoundPlace::file() const {
  struct stat status {};
  if (::fstatat(directory.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) {
    return std::nullopt;
  }
  return FileNumber{status.st_dev, status.st_ino};
}

bool BoundPlace::is(const BoundPlace& other) const {
  return name == other.name && are_same(directory, other.directory);
}

/// rmdir() asks whatever unlink() would ask, and then finds that it is no directory. (If it is one
/// by now, an empty one, then whoever may remove it has asked for what was there to be removed.)
bool BoundPlace::may_be_removed() const {
  return ::unlinkat(directory.get(), name.c_str(), AT_REMOVEDIR) != 0 && errno == ENOTDIR;
}

void BoundPlace::remove(const FileNumber& number) const {
  if (file() == number) static_cast<void>(::unlinkat(directory.get(), name.c_str(), 0));
}

std::optional<BoundPlace> place_of(const CallerPath& named) {
  BoundPlace place{named.open_parent(), named.name()};
  if (!place.directory || place.name.empty()) return std::nullopt;
  return place;
}

Fd bound_file(int socket) {
  // SIOCUNIXFILE of linux/un.h, which no file can include that sys/un.h is included in.
  constexpr unsigned long unix_file = SIOCPROTOPRIVATE;
  return Fd(::ioctl(socket, unix_file));
}

}  // namespace reloadrun::net
