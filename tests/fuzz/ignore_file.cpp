// An ignore file, and paths that are matched against it. The input: the paths, one a line, then an
// empty line and the file.

#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/property.hpp"
#include "watch/patterns.hpp"

namespace reloadrun::fuzz {
namespace {

using std::string_view;
using watch::Pattern;
using watch::Patterns;

struct Path {
  string_view full;
  bool is_directory;

  [[nodiscard]] string_view name() const { return full.substr(full.rfind('/') + 1); }
  [[nodiscard]] const Pattern* match(const Patterns& patterns) const {
    return patterns.match(full, name(), is_directory);
  }
};

/// What a directory's listing can give.
bool is_path(string_view text) {
  return !text.empty() && text.front() != '/' && text.back() != '/' &&
         text.find('\0') == string_view::npos && text.find("//") == string_view::npos;
}

std::vector<Path> read_paths(Input& input) {
  std::vector<Path> paths;
  for (string_view line = input.until('\n'); !line.empty(); line = input.until('\n')) {
    const bool is_directory = line.ends_with('/');
    if (is_directory) line.remove_suffix(1);
    if (is_path(line) && paths.size() < 16) paths.push_back({line, is_directory});
  }
  return paths;
}

Patterns of(string_view text) {
  Patterns patterns("file");
  patterns.add_text(text);
  return patterns;
}

/// The next generation is given the text, not the file.
void require_same_when_handed_over(const Patterns& patterns) {
  const std::string text = patterns.text();
  const Patterns again = of(text);
  require(std::ranges::equal(patterns.all(), again.all(),
                             [](const Pattern& one, const Pattern& other) {
                               return one.text == other.text && one.line == other.line;
                             }),
          "the patterns are the same in the next generation");
  require(again.text() == text, "... and in the one after it");
}

void require_last_word(const Patterns& patterns, const Path& path) {
  const Pattern* last = nullptr;
  for (const Pattern& pattern : patterns.all()) {
    Patterns alone("file");
    alone.add(pattern.text, pattern.line);
    if (path.match(alone) != nullptr) last = &pattern;
  }
  const Pattern* const said = path.match(patterns);
  require(said == last, "the last pattern that matches alone has the word");
  require(said == nullptr || said->glob.broken().empty(), "a broken pattern matches nothing");
  if (said == nullptr || said->negated) return;
  Patterns taken_back = patterns;
  taken_back.add("!" + said->text, patterns.all().back().line + 1);
  require(path.match(taken_back)->negated, "its own negation takes a pattern back");
}

/// The C library knows wildcards too. It differs in classes, in `**`, and in what is broken.
void require_as_fnmatch(const Pattern& pattern, const Path& path) {
  std::string text = pattern.text.substr(pattern.negated ? 1 : 0);
  if (pattern.directory_only) text.pop_back();
  if (pattern.by_path && text.starts_with('/')) text.erase(0, 1);
  const bool is_known = text.find('[') == text.npos && text.find("**") == text.npos &&
                        text.find("\\/") == text.npos && text.find("//") == text.npos;
  if (!is_known || !pattern.glob.broken().empty() || std::ranges::count(text, '*') > 4) return;
  const std::string subject(pattern.by_path ? path.full : path.name());
  require(pattern.glob.matches(subject) ==
              (::fnmatch(text.c_str(), subject.c_str(), FNM_PATHNAME) == 0),
          "a pattern without classes and ** means what fnmatch(3) says");
}

/// With a backslash before each character, a name stands for itself alone.
void require_literal(const Path& path, const std::vector<Path>& others) {
  std::string pattern;
  for (const char character : path.name()) pattern += {'\\', character};
  const watch::Glob glob(pattern, watch::Glob::Subject::name);
  for (const Path& other : others) {
    require(glob.matches(other.name()) == (other.name() == path.name()),
            "an escaped name matches itself alone");
  }
}

}  // namespace
}  // namespace reloadrun::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace reloadrun::fuzz;
  Input input(data, size);
  const auto paths = read_paths(input);
  const Patterns patterns = of(input.rest());
  require_same_when_handed_over(patterns);
  for (const std::string& fault : patterns.faults()) {
    require(fault.find('\n') == fault.npos, "a fault is one line");
  }
  for (const Path& path : paths) {
    require_last_word(patterns, path);
    require_literal(path, paths);
    for (const Pattern& pattern : patterns.all()) require_as_fnmatch(pattern, path);
  }
  return 0;
}
