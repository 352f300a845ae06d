#include "base/regular_file.hpp"

#include <fcntl.h>

#include <cerrno>
#include <cstring>

#include "base/fd.hpp"
#include "base/format.hpp"

namespace reloadrun {
namespace {

using Fault = RegularFile::Fault;

RegularFile& failed(RegularFile& file, Fault fault, int error = 0) {
  file.fault = fault;
  file.error = error;
  file.content.clear();
  return file;
}

}  // namespace

RegularFile read_regular_file(int directory, const std::string& name, std::size_t most_bytes,
                              int flags) {
  RegularFile file;
  const int as_link = (flags & O_NOFOLLOW) != 0 ? AT_SYMLINK_NOFOLLOW : 0;
  if (::fstatat(directory, name.c_str(), &file.status, as_link) != 0) {
    return failed(file, Fault::unreadable, errno);
  }
  if (S_ISLNK(file.status.st_mode)) return failed(file, Fault::unreadable, ELOOP);
  if (!S_ISREG(file.status.st_mode)) return failed(file, Fault::not_regular);
  // It may be another by now: a FIFO that would wait for its writer.
  const Fd opened(
      ::openat(directory, name.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags));
  if (!opened || ::fstat(opened.get(), &file.status) != 0) {
    return failed(file, Fault::unreadable, errno);
  }
  if (!S_ISREG(file.status.st_mode)) return failed(file, Fault::not_regular);
  if (static_cast<std::size_t>(file.status.st_size) > most_bytes) {
    return failed(file, Fault::too_large);  // before any of it is read
  }
  if (read_all(opened.get(), file.content, most_bytes)) return file;
  // It may have grown; and of some the size tells nothing (/proc).
  return failed(file, errno == EFBIG ? Fault::too_large : Fault::unreadable, errno);
}

std::string why_not(const RegularFile& file, std::size_t most_bytes) {
  switch (file.fault) {
    case Fault::not_regular:
      return "no regular file";
    case Fault::too_large:
      return most_bytes >> 20U > 0 ? fmt::format("larger than {} MiB", most_bytes >> 20U)
                                   : fmt::format("larger than {} KiB", most_bytes >> 10U);
    case Fault::unreadable:
      return std::strerror(file.error);
    case Fault::none:
      break;
  }
  return "";
}

}  // namespace reloadrun
