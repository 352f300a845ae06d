// A list of gitignore patterns, as an ignore file, an option or the table of defaults gives it, and
// which of them has the last word about a file. Plain values; any thread.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "watch/glob.hpp"

namespace reloadrun::watch {

/// One line of gitignore(5).
struct Pattern {
  /// `written` without its end of line.
  Pattern(std::string_view written, std::size_t line_number,
          Glob::Case letters = Glob::Case::counts);

  std::string text;     ///< as written
  std::size_t line;     ///< from 1
  bool negated;         ///< `!`: what it matches is not ignored after all
  bool directory_only;  ///< `/` at its end
  bool by_path;         ///< a `/` elsewhere: it stands for a path from where the patterns belong to
  Glob glob;
};

class Patterns {
 public:
  /// `source`: where the patterns stand, in the user's words (".gitignore", "--ignore").
  explicit Patterns(std::string source, Glob::Case letters = Glob::Case::counts)
      : source_(std::move(source)), letters_(letters) {}

  /// Adds the lines of an ignore file: comments and what git trims are left out.
  void add_text(std::string_view text);
  /// Adds one pattern as it is: neither a comment nor trimmed.
  void add(std::string_view pattern, std::size_t line);

  /// The last pattern that matches; null when none does. `relative_path` is relative to the
  /// directory that the patterns belong to; nullopt when the file is not below it, so that only
  /// patterns for names apply. `name` is its last part. The result lives as long as this object.
  [[nodiscard]] const Pattern* match(std::optional<std::string_view> relative_path,
                                     std::string_view name, bool is_directory) const;

  [[nodiscard]] const std::string& source() const { return source_; }
  [[nodiscard]] Glob::Case letters() const { return letters_; }
  [[nodiscard]] const std::vector<Pattern>& all() const { return patterns_; }
  [[nodiscard]] bool empty() const { return patterns_.empty(); }
  /// The text of an ignore file that says the same, each pattern at its line.
  [[nodiscard]] std::string text() const;

  /// What is wrong, one line for the user a broken pattern ("line 3 of .gitignore: '[a' is a broken
  /// pattern (class without end)"). A broken pattern stays in the list and matches nothing.
  [[nodiscard]] std::vector<std::string> faults() const;

 private:
  std::string source_;
  Glob::Case letters_;
  std::vector<Pattern> patterns_;
};

}  // namespace reloadrun::watch
