// The files that a program which reloads itself is made of: its own, and every shared object that
// it has loaded from outside the system's directories. Asked by the reloader's main thread.
#pragma once

#include <sys/stat.h>

#include <optional>
#include <set>
#include <string>
#include <vector>

namespace reloadrun::app {

/// A file that a process is made of, as it was when that was found out.
struct LoadedFile {
  std::string path;  ///< absolute, without links
  struct stat status {};
  bool inode_is_identity = true;

  /// `to_stat`: what leads to the file, if not its path. nullopt when it is not there.
  static std::optional<LoadedFile> of(std::string path, const char* to_stat = nullptr);
  /// Whether another has taken its place. One that is missing is no other.
  [[nodiscard]] bool is_replaced() const;
};

class LoadedFiles {
 public:
  /// `program`: the path of this process's own file. To be made early: what it finds loaded is
  /// taken for what lies there now.
  explicit LoadedFiles(std::string program);

  /// Adds what was loaded since (dlopen).
  void refresh();

  [[nodiscard]] const std::vector<LoadedFile>& files() const { return files_; }

  /// Whether some are replaced: a new process would be another program.
  [[nodiscard]] bool any_replaced() const;

 private:
  std::vector<LoadedFile> files_;
  std::set<std::string> known_;  // the linker's names, also of what is the system's
};

}  // namespace reloadrun::app
