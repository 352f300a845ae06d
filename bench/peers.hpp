// Who is measured by `latency`, and how each is called.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace reloadrun::bench {

using Words = std::vector<std::string>;

/// What a tool is told beyond the current directory, which it watches.
struct Job {
  std::string fifo;  ///< where the target reports its start
  Words edited;      ///< the files that will be edited
};

enum class Mode {
  bare,   ///< no settling, and a target that ends at once: what the machinery costs
  usual,  ///< default settings, and a target that runs until it is stopped
};

struct Tool {
  std::string name;
  std::string version{};  ///< empty when it does not tell
  Mode mode = Mode::usual;
  /// The whole command line; its first word is a path.
  std::function<Words(const Job&)> command{};
  bool wants_list = false;  ///< of all files on its stdin, one a line
};

constexpr const char* yardstick_name = "yardstick";
constexpr const char* our_name = "reloadrun";

Tool yardstick(Mode mode);
Tool reloadrun(const std::string& program, Mode mode);

/// Those of the known peers that PATH has, with the options that make them restart a server and the
/// defaults for the rest.
std::vector<Tool> peers_in_path();

/// `node stamp_target.js` without a watcher: what of a start by `node --watch` is node's own. Its
/// command is empty when PATH has no node.
Words plain_node(const Job& job);

}  // namespace reloadrun::bench
