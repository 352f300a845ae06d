// Which files are watched: the roots to walk, and what counts below them. Made once per process
// from the options; read by look().
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "reloadrun/options.hpp"

namespace reloadrun::watch {

class WatchSet {
 public:
  /// `executables`: the file that COMMAND names, or the places where it may appear; watched
  /// besides, whatever the options say.
  WatchSet(const Options& options, const std::vector<std::string>& executables);

  /// Files and directories as the user named them, tidied ("./src/" is "src"), each once.
  [[nodiscard]] const std::vector<std::string>& roots() const { return roots_; }
  [[nodiscard]] const std::vector<std::string>& executables() const { return executables_; }

  /// Whether a file found below a root counts, by its name alone.
  [[nodiscard]] bool wants(std::string_view name) const;

  /// Throws Error (status 2) for a root that is not there, or is neither a file nor a directory.
  void require_roots() const;

  /// For the user's eyes: "the current directory", "src, app.toml (*.py, *.html)", "a, b, c and 4
  /// more".
  [[nodiscard]] std::string description() const;

 private:
  std::vector<std::string> roots_;
  std::vector<std::string> executables_;
  std::vector<std::string> endings_;  // with their dot
};

}  // namespace reloadrun::watch
