// The file that a system call names, as this process reaches it. Used by who answers calls, on its
// thread, while the call waits.
#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "net/file_number.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

constexpr int no_argument = -1;
constexpr int working_directory = -2;

/// Which arguments of a call name a file.
struct PathArguments {
  int directory = no_argument;  ///< the one with a directory's descriptor, or working_directory
  int path = no_argument;
};

/// Where a path begins, below the caller's root, working directory or descriptor, and how it goes
/// on.
struct NamedPath {
  std::string directory;
  std::string path;        ///< relative to it; empty: the directory's descriptor itself
  bool from_root = false;  ///< it begins at the caller's root

  [[nodiscard]] std::string whole() const;
};

/// As this thread would take it.
NamedPath path_of(pid_t thread, const std::string& path);

/// Which file this path leads to, as the caller would take it; nullopt when it leads nowhere.
std::optional<FileNumber> file_named(const Call& call, const std::string& path);

/// nullopt when the process may not be read, and for devices and /proc.
std::optional<NamedPath> path_named(const Call& call, PathArguments arguments);

/// `name` below a directory's path.
std::string below(const std::string& directory, const std::string& name);

/// What the kernel calls this open file: absolute, without links; nullopt when it has no name here.
std::optional<std::string> path_of(const Fd& file);

/// What the kernel calls the file that `path` leads to: absolute, without links; nullopt when there
/// is none, or we may not look into the process.
std::optional<std::string> resolved(const std::string& path);

/// The same but for the last name, which is given as it stands, whether there is such a file or
/// not. nullopt when that is none of an entry.
std::optional<std::string> resolved_entry(const NamedPath& named);

}  // namespace reloadrun::net
