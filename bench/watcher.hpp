// One tool at work in a tree whose files are edited, to see how soon its target is started again.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/clock.hpp"
#include "peers.hpp"
#include "reports.hpp"
#include "tool_process.hpp"
#include "tree.hpp"

namespace reloadrun::bench {

using Milliseconds = std::chrono::duration<double, std::milli>;

/// An edit that is not answered within this is lost: who polls every few seconds is late, no more.
constexpr std::chrono::seconds edit_patience{5};

/// A tool that has not come to answer edits.
struct DidNotStart : std::runtime_error {
  using runtime_error::runtime_error;
};

class Watcher {
 public:
  /// Starts `tool` in `tree`, and edits until it answers at both ends and in the middle of the
  /// tree, each time after `quiet`. Throws DidNotStart when it does not.
  Watcher(const Tool& tool, const Tree& tree, Duration quiet);

  /// Edits the next one of some files all over the tree. From the end of that write to the first
  /// instruction of the first target started after it; nullopt: lost, none was started.
  std::optional<Milliseconds> edit();
  /// Waits until nothing has been started for `quiet`.
  void rest(Duration quiet);

 private:
  std::optional<Milliseconds> edit(const std::string& path, Duration patience);
  void edit_until_answered(Duration quiet);

  Reports reports_;
  Words edited_;
  std::size_t next_ = 0;
  ToolProcess process_;
};

/// What plain_node() takes from before it is started to its report. Throws DidNotStart.
Milliseconds plain_node_start(const Tree& tree);

}  // namespace reloadrun::bench
