// The file that a system call names, as this process reaches it. Used by who answers calls, on its
// thread, while the call waits.
#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

constexpr int no_argument = -1;
constexpr int working_directory = -2;

/// Which arguments of a call name a file.
struct PathArguments {
  int directory = no_argument;  ///< the one with a directory's descriptor, or working_directory
  int path = no_argument;
};

/// Where a path begins, as a descriptor, and how it goes on from there. A process reaches its root,
/// its working directory and its descriptors whatever its rights are, and so these are opened by
/// ours; what lies below is to be opened by its own (net/acting_as).
struct NamedPath {
  Fd from;
  Fd root;  ///< the caller's, where its absolute links begin and nothing leads out; unless `from`
            ///< is
  std::string path;  ///< relative to `from`; empty: that itself

  [[nodiscard]] bool from_root() const { return !root; }
  /// `below` as the caller would open it from there: in its root and its mounts. `flags` as those
  /// of open(), with O_PATH. Empty with errno.
  [[nodiscard]] Fd open(const std::string& below, int flags) const;
  /// What it is in, by its own directory's descriptor.
  [[nodiscard]] Fd open_parent() const;
  /// The last name of `path`; empty when it is none of an entry.
  [[nodiscard]] std::string name() const;
};

/// As this thread would take it; nullopt when we may not look into it.
std::optional<NamedPath> path_of(pid_t thread, const std::string& path);

/// nullopt when the process may not be read, and for devices and /proc.
std::optional<NamedPath> path_named(const Call& call, PathArguments arguments);

/// `name` below a directory's path.
std::string below(const std::string& directory, const std::string& name);

/// What the kernel calls this open file: absolute, without links; nullopt when it has no name here.
std::optional<std::string> path_of(const Fd& file);

/// What the kernel calls it but for the last name, which is given as it stands, whether there is
/// such a file or not. nullopt when that is none of an entry.
std::optional<std::string> resolved_entry(const NamedPath& named);

}  // namespace reloadrun::net
