// The gitignore patterns that an option was given: relative to the working directory, and right,
// since what is asked for on the command line cannot be left out. Plain values; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/patterns.hpp"

namespace reloadrun::watch {

class OptionPatterns {
 public:
  /// `option`: its long name; `here`: the working directory's path, empty when it has none. Throws
  /// Error (status 2) for a broken pattern.
  OptionPatterns(const char* option, const std::vector<std::string>& asked, std::string here);

  /// The last pattern that matches this file or directory itself; null when none does.
  [[nodiscard]] const Pattern* match(std::string_view full, bool is_directory) const;
  /// ... that matches this file, or else the nearest directory around it.
  [[nodiscard]] const Pattern* match_nearest(std::string_view full) const;

  [[nodiscard]] const Patterns& patterns() const { return patterns_; }
  [[nodiscard]] bool empty() const { return patterns_.empty(); }

  /// `full` as seen from the working directory; nullopt when it does not lie below it.
  [[nodiscard]] std::optional<std::string_view> relative(std::string_view full) const;

 private:
  Patterns patterns_;
  std::string here_;  // with a '/' at its end
};

}  // namespace reloadrun::watch
