// The list of --files-from, kept as it was when it was last right. Driven by the reloader's main
// thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "reloadrun/options.hpp"
#include "watch/rule_file.hpp"

namespace reloadrun::app {

class FollowedList {
 public:
  using Paths = std::vector<std::string>;

  /// Begins with `kept` or else what the supervisor has read (`options.listed`), and follows the
  /// file, unless the list came from stdin or there is none. `kept`, the caller's, outlives it: the
  /// last good list while the file is wrong.
  FollowedList(const Options& options, std::optional<Paths>& kept);

  [[nodiscard]] const Paths& paths() const { return paths_; }

  /// Reads the file when it is no longer as it was; returns whether it lists other paths now.
  /// Throws Error when it has become wrong, once for each state of the file: the last good list
  /// stays.
  bool refresh();

 private:
  const std::string file_;  // empty: nothing to follow
  std::optional<Paths>& kept_;
  Paths paths_;
  watch::RuleFileState state_;
};

}  // namespace reloadrun::app
