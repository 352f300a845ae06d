// The files that a program which reloads itself is made of: its own, and every shared object that
// it has loaded from outside the system's directories. Asked by the reloader's main thread.
#pragma once

#include <sys/stat.h>

#include <string>
#include <vector>

namespace reloadrun::app {

class LoadedFiles {
 public:
  struct File {
    std::string path;  ///< absolute, without links
    struct stat status {};
  };

  /// `program`: the path of this process's own file. To be made early: what it finds loaded is
  /// taken for what lies there now.
  explicit LoadedFiles(std::string program);

  /// Adds what was loaded since (dlopen).
  void refresh();

  [[nodiscard]] const std::vector<File>& files() const { return files_; }

  /// Whether other files have taken the place of some: a new process would be another program. One
  /// that is missing is no other.
  [[nodiscard]] bool any_replaced() const;

 private:
  void add(std::string path, const char* to_stat);

  std::vector<File> files_;
};

}  // namespace reloadrun::app
