// A path as another process takes it, by descriptors: for what is done on its behalf, and not only
// looked at. Used by who answers its calls, on its thread, while the call waits.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// What a path leads to for a process whose root this is; the path is relative to it. `flags` as
/// those of open(), with O_PATH. Empty with errno.
Fd open_in_root(const Fd& root, const std::string& path, int flags);

/// Where a path begins, as a descriptor, and how it goes on from there. A process reaches its root,
/// its working directory and its descriptors whatever its rights are, and so these are opened by
/// ours; what lies below is to be opened by its own (net/acting_as).
struct CallerPath {
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
std::optional<CallerPath> caller_path(pid_t thread, const std::string& path);

/// The path that an argument of a call points to, relative to the directory that another one is the
/// descriptor of; nullopt when the process may not be read, and when it is a directory's alone
/// ("a/").
std::optional<CallerPath> caller_path(const Call& call, std::size_t path,
                                      std::optional<std::size_t> directory);

}  // namespace reloadrun::net
