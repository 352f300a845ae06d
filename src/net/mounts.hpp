// Mount namespaces and roots of other processes: what a path of theirs is in ours. Used by who
// answers their calls, on its thread.
#pragma once

#include <sys/stat.h>
#include <sys/types.h>

#include <optional>
#include <string>

#include "base/fd.hpp"

namespace reloadrun::net {

/// Whether a thread's root directory is this process's, in the same mount namespace: then its paths
/// mean the same. False when we may not look.
bool shares_root(pid_t thread);

/// What the kernel calls this open file: absolute, without links; nullopt when it has no name here.
/// In another mount namespace, or below another root, that is no path of ours.
std::optional<std::string> path_of(const Fd& file);

/// What path_here() is to be told of a file, and its identity; nullopt for none.
std::optional<struct statx> look_at(const Fd& file);

/// By which path this process reaches a file, absolute, without links, that `thread` has named, be
/// it by another mount. nullopt when by none.
std::optional<std::string> path_here(const Fd& file, const struct statx& status, pid_t thread);

}  // namespace reloadrun::net
