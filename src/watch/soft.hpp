// Which changes a signal to COMMAND answers in place of a restart (--soft). Made once from the
// options; asked by app/burst on the reloader's main thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "reloadrun/options.hpp"
#include "watch/option_patterns.hpp"

namespace reloadrun::watch {

class Soft {
 public:
  /// `here`: the working directory's path; empty when it has none. Throws Error (status 2) for a
  /// broken pattern.
  Soft(const std::vector<SoftRule>& rules, const std::string& here);

  /// What answers a change of the file that a snapshot calls `path`: the last pattern that matches
  /// it decides, or else the nearest directory around it. nullopt: nothing but a restart.
  [[nodiscard]] std::optional<int> signal(std::string_view path) const;

  /// What answers all of these, in the order of the options, each once; empty when one of them has
  /// nothing but a restart.
  [[nodiscard]] std::vector<int> signals(const std::vector<std::string>& paths) const;

 private:
  std::string here_;
  OptionPatterns patterns_;
  std::vector<int> signals_;  // by a pattern's line, from 1
};

}  // namespace reloadrun::watch
