// What a program reads and writes, as the kernel tells before it does: the calls that open a file,
// and those that give one its name. Of programs of this machine and of its 32-bit one. Used by who
// answers the calls, on its thread.
#pragma once

#include <sys/stat.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_key.hpp"
#include "net/call_filter.hpp"
#include "net/named_path.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

/// Notifies of every open, of rename(), link(), symlink(), mknod() and truncate(), and of what
/// changes_roots().
void notify_of_opens(CallFilter& filter);

/// Whether the call may give its process, or others of its namespace, other mounts or another root:
/// mount(), chroot(), setns() and the like.
bool changes_roots(const Call& call);

struct Opened {
  /// What is there, before the call is let go on.
  enum class Kind {
    file,         ///< a regular one
    directory,    ///< to be listed
    missing,      ///< nothing: the call fails, or makes it
    unreachable,  ///< a file that no mount of this process has: `path` is the kernel's word for it
  } kind = Kind::missing;
  /// As this process reaches it: absolute, without links; of what is missing, as far as it is
  /// there.
  std::string path;
  /// The link that was opened, if `path` is what it leads to; without links but for itself.
  std::string link{};
  bool reads = false;
  /// It is opened to be written, made, or given its name. Then `kind` may be `missing` although
  /// there is a file, which another takes the place of.
  bool writes = false;
  bool lists = false;     ///< as a directory
  struct stat status {};  ///< unless it is missing
  /// Of what is written, and of its name.
  std::vector<FileKey> keys{};
};

/// Whether what is only read at this absolute path is of no interest. Asked for the name that the
/// call gives, if it is absolute, and for what that leads to; the sooner it says so, the shorter
/// the call waits.
using LeaveOut = std::function<bool(std::string_view path)>;

/// What a call that notify_of_opens() has notified of opens. nullopt for what is left out; for what
/// is neither a regular file nor a directory to be listed, or cannot be reached; for what only
/// names a file (O_PATH); and for what cannot be known: the process has ended, or may not be read.
///
/// `roots`: ours, as long as no call was seen that changes_roots().
std::optional<Opened> opened_by(const Call& call, const LeaveOut& left_out = {},
                                Roots roots = Roots::any);

}  // namespace reloadrun::net
