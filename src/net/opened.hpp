// What a program reads and writes, as the kernel tells before it does: the calls that open a file,
// and those that give one its name. Of programs of this machine and of its 32-bit one. Used by who
// answers the calls, on its thread.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "net/call_filter.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// Notifies of every open, and of rename(), link(), symlink(), mknod() and truncate().
void notify_of_opens(CallFilter& filter);

struct Opened {
  /// What is there, before the call is let go on.
  enum class Kind {
    file,       ///< a regular one
    directory,  ///< to be listed
    missing,    ///< nothing: the call fails, or makes it
  } kind = Kind::missing;
  /// Absolute, without links; of what is missing, as far as it is there.
  std::string path;
  /// The link that was opened, if `path` is what it leads to; without links but for itself.
  std::string link{};
  bool reads = false;
  /// It is opened to be written, made, or given its name. Then `kind` may be `missing` although
  /// there is a file, which another takes the place of.
  bool writes = false;
  bool lists = false;     ///< as a directory
  struct stat status {};  ///< unless it is missing
};

/// Whether what is only read at this absolute path is of no interest. Asked for the name that the
/// call gives, if it is absolute, and for what that leads to; the sooner it says so, the shorter
/// the call waits.
using LeaveOut = std::function<bool(std::string_view path)>;

/// What a call that notify_of_opens() has notified of opens. nullopt for what is left out; for what
/// is neither a regular file nor a directory to be listed, or cannot be reached; for what only
/// names a file (O_PATH); and for what cannot be known: the process has ended, or may not be read.
std::optional<Opened> opened_by(const Call& call, const LeaveOut& left_out = {});

}  // namespace reloadrun::net
