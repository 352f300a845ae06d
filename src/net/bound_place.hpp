// The place of a unix socket's file: a name in a directory that is held by its descriptor, so that
// it stays that place whatever paths lead to it later. What is done there is done as the process
// for which it is done (net/acting_as): the caller sees to that. Any thread.
#pragma once

#include <optional>
#include <string>

#include "base/fd.hpp"
#include "net/caller_path.hpp"
#include "net/file_number.hpp"

namespace reloadrun::net {

struct BoundPlace {
  Fd directory;
  std::string name;

  /// The file that it is, not what a link leads to; nullopt when there is none.
  [[nodiscard]] std::optional<FileNumber> file() const;
  /// Whether both are the same name in the same directory.
  [[nodiscard]] bool is(const BoundPlace& other) const;
  /// Whether this thread might remove it, as the kernel says.
  [[nodiscard]] bool may_be_removed() const;
  /// Unless it is another file by now.
  void remove(const FileNumber& number) const;
};

/// The place that a path names, without its being followed if it is a link. nullopt when there can
/// be none.
std::optional<BoundPlace> place_of(const CallerPath& named);

/// A descriptor (O_PATH) of the file that a unix socket was bound to: of that very file, whatever
/// is at its path by now. Empty with EPERM when we may not ask (CAP_NET_ADMIN).
Fd bound_file(int socket);

}  // namespace reloadrun::net
