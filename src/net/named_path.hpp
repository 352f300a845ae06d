// The file that a system call names, as this process reaches it to look at it; what is done on the
// caller's behalf goes by net/caller_path. Used by who answers calls, on its thread, while the call
// waits.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.hpp"
#include "base/file_key.hpp"
#include "net/identity.hpp"
#include "net/notifier.hpp"

namespace reloadrun::net {

constexpr int no_argument = -1;
constexpr int working_directory = -2;

/// Which arguments of a call name a file.
struct PathArguments {
  int directory = no_argument;  ///< the one with a directory's descriptor, or working_directory
  int path = no_argument;
};

/// Whether callers may have another root directory than this process, or other mounts. To look
/// costs a system call.
enum class Roots { ours, any };

/// A file of /proc/PID that leads to where paths of a process begin: its root, its working
/// directory or a descriptor. It is reached by our rights, since the process needs none for that;
/// what lies below is to be reached by its own (net/acting_as).
class Beginning {
 public:
  Beginning(pid_t thread, std::string_view what);
  [[nodiscard]] const Fd& file() const { return *file_; }
  /// By which this process reaches it as long as this lives; leads nowhere when it cannot.
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::shared_ptr<const Fd> file_;
  std::string path_;
};

/// Where a path begins, below the caller's root, working directory or descriptor, and how it goes
/// on.
struct NamedPath {
  pid_t thread = 0;
  Beginning directory;
  std::string path;                  ///< relative to it; empty: the directory's descriptor itself
  bool from_root = false;            ///< it begins at the caller's root
  bool other_root = false;           ///< ... which is not this process's
  std::optional<Identity> caller{};  ///< by whose rights it is reached: see reached_by_caller()

  [[nodiscard]] std::string whole() const;
};

/// As this thread would take it.
NamedPath path_of(pid_t thread, const std::string& path);

/// nullopt when the process may not be read, and for devices and /proc.
std::optional<NamedPath> path_named(const Call& call, PathArguments arguments,
                                    Roots roots = Roots::any);

/// To be called before it is reached, when it is known to be of interest: to look costs more than
/// all else.
void reached_by_caller(NamedPath& named);

/// What it leads to, as a descriptor that names it alone (O_PATH, and `flags` of open()). Links
/// lead where they lead the caller, and what it may not see is not found. Empty with errno when
/// there is nothing, or we may not look into the process.
Fd reach(const NamedPath& named, int flags = 0);

/// A name in a directory, which stands as it is given, whether there is such a file or not.
struct Entry {
  FileKey key;
  std::optional<std::string> path;  ///< this process's: absolute, without links before the name
};
/// nullopt when a path ends in none, or the directory cannot be reached.
std::optional<Entry> entry_of(const NamedPath& named);
/// The path alone.
std::optional<std::string> resolved_entry(const NamedPath& named);

}  // namespace reloadrun::net
