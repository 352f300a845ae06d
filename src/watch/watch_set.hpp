// Which places are watched: the roots to walk, and the files that are watched by name whatever the
// rules say. Made from the options; read by look and explain.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "reloadrun/options.hpp"

namespace reloadrun::watch {

class WatchSet {
 public:
  /// `executables`: the file that COMMAND names, or the places where it may appear. `listed`: the
  /// paths of --files-from.
  WatchSet(const Options& options, const std::vector<std::string>& executables,
           const std::vector<std::string>& listed = {});

  /// Files and directories as the user named them, tidied ("./src/" is "src"), each once.
  [[nodiscard]] const std::vector<std::string>& roots() const { return roots_; }
  [[nodiscard]] const std::vector<std::string>& executables() const { return executables_; }
  /// The env files, and the configuration file.
  [[nodiscard]] const std::vector<std::string>& read_files() const { return read_files_; }

  /// Throws Error (status 2) for a root of --watch that is not there, or is neither a file nor a
  /// directory.
  void require_roots() const;

  /// For the user's eyes: "the current directory", "src, app.toml (*.py, *.html)", "a, b, c and 4
  /// more"; empty when nothing but the executables is watched.
  [[nodiscard]] std::string description() const;

 private:
  void add_root(const std::string& path);

  std::vector<std::string> roots_;
  std::set<std::string> known_;  // the same
  std::size_t required_ = 0;     // how many of them, from the first on, must be there
  std::vector<std::string> executables_;
  std::vector<std::string> read_files_;
  std::vector<std::string> extensions_;
  bool has_list_;
};

}  // namespace reloadrun::watch
