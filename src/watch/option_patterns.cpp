#include "watch/option_patterns.hpp"

#include <utility>

#include "base/format.hpp"
#include "reloadrun/error.hpp"

namespace reloadrun::watch {

OptionPatterns::OptionPatterns(const char* option, const std::vector<std::string>& asked,
                               std::string here)
    : patterns_(option), here_(std::move(here)) {
  if (!here_.empty() && !here_.ends_with('/')) here_ += '/';
  for (const std::string& pattern : asked) patterns_.add(pattern, patterns_.all().size() + 1);
  for (const Pattern& pattern : patterns_.all()) {
    const std::string why = pattern.text.empty() ? "it is empty" : pattern.glob.broken();
    if (why.empty()) continue;
    throw Error(
        fmt::format("{} '{}' is a broken pattern ({})", patterns_.source(), pattern.text, why),
        "write it as in a .gitignore, '\\' before a character that is meant literally",
        status_usage);
  }
}

const Pattern* OptionPatterns::match(std::string_view full, bool is_directory) const {
  return patterns_.match(relative(full), full.substr(full.rfind('/') + 1), is_directory);
}

const Pattern* OptionPatterns::match_nearest(std::string_view full) const {
  const auto top = std::string_view(here_).substr(0, here_.empty() ? 0 : here_.size() - 1);
  bool is_directory = false;
  for (auto path = full; !path.empty() && path != top; path = path.substr(0, path.rfind('/'))) {
    if (const Pattern* pattern = match(path, is_directory)) return pattern;
    is_directory = true;
  }
  return nullptr;
}

std::optional<std::string_view> OptionPatterns::relative(std::string_view full) const {
  if (here_.empty() || !full.starts_with(here_)) return std::nullopt;
  return full.substr(here_.size());
}

}  // namespace reloadrun::watch
