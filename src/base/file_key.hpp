// What files are known by, whatever path leads to them: through another mount or mount namespace,
// or by another of their names. Any thread.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace reloadrun {

/// What makes a file the same under all its names, and another one than a later file that has got
/// its inode number.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  std::int64_t born = 0;  ///< nanoseconds since 1970; 0 where the file system does not say
  friend auto operator<=>(const FileIdentity&, const FileIdentity&) = default;
};

/// What statx() is to be asked for.
inline constexpr unsigned identity_fields = STATX_INO | STATX_BTIME;
FileIdentity identity_from(const struct statx& status);
/// nullopt when there is no such file.
std::optional<FileIdentity> identity_of(const std::string& path);

/// A file; or a name in a directory, whatever file has it, and whether there is one or not.
struct FileKey {
  FileIdentity file;  ///< or the directory: see entry_key()
  std::string name;   ///< in that directory; empty: the file itself
  friend auto operator<=>(const FileKey&, const FileKey&) = default;
};
FileKey entry_key(const struct statx& directory, std::string name);
/// Of an absolute path without links; nullopt when there is no directory around it, or it has no
/// name.
std::optional<FileKey> entry_key(const std::string& path);

/// A path's last name, empty for "/".
std::string_view name_in(std::string_view path);
/// What is before it, of an absolute path.
std::string directory_around(std::string_view path);
/// The same, also of a relative one, by the dot in it: so nobody gets it who may not look for a
/// name there.
std::string dot_around(std::string_view path);
/// `name` below a directory's path.
std::string below(const std::string& directory, const std::string& name);
/// Of a path in `directory`, or the directory itself, what comes after that: empty, or it begins
/// with a '/'. nullopt when it lies elsewhere.
std::optional<std::string> rest_below(const std::string& path, const std::string& directory);

/// All that one file is known by.
struct KnownFile {
  std::string path;  ///< this process's: absolute, without links; empty: it has none here
  std::vector<FileKey> keys;
};

}  // namespace reloadrun
