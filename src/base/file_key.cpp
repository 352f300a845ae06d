#include "base/file_key.hpp"

#include <fcntl.h>
#include <sys/sysmacros.h>

#include <utility>

namespace reloadrun {

FileIdentity identity_from(const struct statx& status) {
  FileIdentity file{::makedev(status.stx_dev_major, status.stx_dev_minor), status.stx_ino};
  if ((status.stx_mask & STATX_BTIME) != 0) {
    constexpr std::int64_t second = 1'000'000'000;
    file.born = status.stx_btime.tv_sec * second + status.stx_btime.tv_nsec;
  }
  return file;
}

std::optional<FileIdentity> identity_of(const std::string& path) {
  struct statx status {};
  if (::statx(AT_FDCWD, path.c_str(), 0, identity_fields, &status) != 0) return std::nullopt;
  return identity_from(status);
}

FileKey entry_key(const struct statx& directory, std::string name) {
  FileIdentity around = identity_from(directory);
  around.born = 0;  // overlayfs gives a directory another one when the first file is made in it
  return {around, std::move(name)};
}

std::optional<FileKey> entry_key(const std::string& path) {
  const auto name = name_in(path);
  if (name.empty() || !path.starts_with('/')) return std::nullopt;
  struct statx around {};
  const std::string directory = directory_around(path);
  const bool there =
      ::statx(AT_FDCWD, directory.c_str(), AT_STATX_DONT_SYNC, STATX_INO, &around) == 0;
  return there ? std::optional(entry_key(around, std::string(name))) : std::nullopt;
}

std::string_view name_in(std::string_view path) { return path.substr(path.rfind('/') + 1); }

std::string directory_around(std::string_view path) {
  const auto slash = path.rfind('/');
  return std::string(slash == 0 ? "/" : path.substr(0, slash));
}

std::string dot_around(std::string_view path) {
  return std::string(path.substr(0, path.size() - name_in(path).size())) + ".";
}

std::string below(const std::string& directory, const std::string& name) {
  return (directory == "/" ? "" : directory) + "/" + name;
}

std::optional<std::string> rest_below(const std::string& path, const std::string& directory) {
  if (directory == "/") return path == "/" ? "" : path;
  if (!path.starts_with(directory)) return std::nullopt;
  std::string rest = path.substr(directory.size());
  if (!rest.empty() && !rest.starts_with('/')) return std::nullopt;
  return rest;
}

}  // namespace reloadrun
