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
  /// last good list.
  FollowedList(const Options& options, std::optional<Paths>& kept);

  [[nodiscard]] const Paths& paths() const { return paths_; }

  /// Reads the file when it is no longer as it was, and written to its end; returns whether it
  /// lists other paths now. Throws Error when it has become wrong, once for each state of the file:
  /// the last good list stays.
  bool refresh();

  /// A line for the user when some of its paths are not there: a list with the ends of lines of
  /// another system, or of another directory, watches nothing. Empty when all are.
  [[nodiscard]] std::string missing() const;

 private:
  const std::string name_;  // for the user's eyes
  const std::string file_;  // empty: nothing to follow
  std::optional<Paths>& kept_;
  Paths paths_;
  std::optional<watch::RuleFileState> state_;  // nullopt: to be read
};

}  // namespace reloadrun::app
