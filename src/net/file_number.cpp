#include "net/file_number.hpp"

#include <sys/stat.h>

namespace reloadrun::net {

std::optional<FileNumber> file_of(const Fd& file) {
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return std::nullopt;
  return FileNumber{status.st_dev, status.st_ino};
}

std::optional<FileNumber> file_at(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return FileNumber{status.st_dev, status.st_ino};
}

std::optional<FileNumber> entry_at(const std::string& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) return std::nullopt;
  return FileNumber{status.st_dev, status.st_ino};
}

bool are_same(const Fd& one, const Fd& other) {
  const auto file = file_of(one);
  return file && file == file_of(other);
}

}  // namespace reloadrun::net
