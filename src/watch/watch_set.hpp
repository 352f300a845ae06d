// Which files are watched: the roots to walk, and what counts below them. Made once per process
// from the options; read by look().
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reloadrun/options.hpp"

namespace reloadrun::watch {

class WatchSet {
 public:
  /// `executable`: the file that COMMAND names, watched besides whatever the options say.
  WatchSet(const Options& options, const std::optional<std::string>& executable);

  /// Files and directories as the user named them, tidied ("./src/" is "src"), each once.
  [[nodiscard]] const std::vector<std::string>& roots() const { return roots_; }
  [[nodiscard]] const std::optional<std::string>& executable() const { return executable_; }

  /// Whether a file found below a root counts, by its name alone.
  [[nodiscard]] bool wants(std::string_view name) const;

  /// Throws Error (status 2) for a root that is not there, or is neither a file nor a directory.
  void require_roots() const;

  /// For the user's eyes: "the current directory", "src, app.toml (*.py, *.html)".
  [[nodiscard]] std::string description() const;

 private:
  std::vector<std::string> roots_;
  std::optional<std::string> executable_;
  std::vector<std::string> endings_;  // with their dot
};

}  // namespace reloadrun::watch
